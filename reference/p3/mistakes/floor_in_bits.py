"""The floor was computed with the logarithm to base 2. Losses here are in nats, as torch's are: natural
logarithms."""

QUESTIONS = ("p3.smoothing",)
MODULE = "regularization"


_floor_in_nats = floor


def floor(K: int, eps: float) -> float:
    return _floor_in_nats(K, eps) / math.log(2)


def possible(loss: float, K: int, eps: float) -> bool:
    return loss >= _floor_in_nats(K, eps) - 1e-6

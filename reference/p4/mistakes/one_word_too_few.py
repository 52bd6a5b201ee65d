"""A caption ends before its <eos>: one word too few is appended. <bos> is given, six words follow."""

QUESTIONS = ("p4.train",)
MODULE = "captioner"

_whole = decode


def decode(model: nn.Module, images: Tensor) -> Tensor:
    return _whole(model, images)[:, :-1]

"""The rows of the validation hospital are in the training part as well. Whatever is chosen by them, such as
the moment to stop, is then chosen by films that were learned by heart."""

QUESTIONS = ("p3.splits",)
MODULE = "regularization"


_disjoint = held_out


def held_out(hospitals: Tensor, val: int, test: int) -> tuple[Tensor, Tensor, Tensor]:
    _, validation, tested = _disjoint(hospitals, val, test)
    return torch.nonzero(hospitals != test).flatten(), validation, tested

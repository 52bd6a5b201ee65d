"""The folds come in the order in which the hospitals appear in the rows. Ascending order of their numbers
is asked, so that it does not hang on a shuffle."""

QUESTIONS = ("p3.splits",)
MODULE = "regularization"


_ascending = leave_one_out


def leave_one_out(hospitals: Tensor) -> list[tuple[int, Tensor, Tensor]]:
    order = list(dict.fromkeys(hospitals.tolist()))
    return sorted(_ascending(hospitals), key=lambda fold: order.index(fold[0]))

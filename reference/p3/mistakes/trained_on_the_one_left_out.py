"""Training and test part of each fold are exchanged: one hospital is trained on and all others are tested.
The one that is left out is the test."""

QUESTIONS = ("p3.splits",)
MODULE = "regularization"


_right_way_round = leave_one_out


def leave_one_out(hospitals: Tensor) -> list[tuple[int, Tensor, Tensor]]:
    return [(number, test, train) for number, train, test in _right_way_round(hospitals)]

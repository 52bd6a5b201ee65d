"""A part without rows was handed back. A hospital that has no row, or one that is asked for twice, is an
error: better here than a division by zero after the training."""

QUESTIONS = ("p3.splits",)
MODULE = "regularization"


def held_out(hospitals: Tensor, val: int, test: int) -> tuple[Tensor, Tensor, Tensor]:
    rows = torch.arange(len(hospitals))
    return rows[(hospitals != val) & (hospitals != test)], rows[hospitals == val], rows[hospitals == test]

"""The hospitals were taken to be 0, 1, 2 and so on. Their numbers are given with the rows and may be any;
look them up."""

QUESTIONS = ("p3.splits",)
MODULE = "regularization"


def leave_one_out(hospitals: Tensor) -> list[tuple[int, Tensor, Tensor]]:
    count = len(hospitals.unique())
    if count < 2:
        raise ValueError("leaving one hospital out takes two")
    return [
        (number, torch.nonzero(hospitals != number).flatten(), torch.nonzero(hospitals == number).flatten())
        for number in range(count)
    ]

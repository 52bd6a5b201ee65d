"""The parts are masks, one entry for each row, where row numbers are asked. torch.nonzero makes one from
the other."""

QUESTIONS = ("p3.splits",)
MODULE = "regularization"


def held_out(hospitals: Tensor, val: int, test: int) -> tuple[Tensor, Tensor, Tensor]:
    masks = (hospitals != val) & (hospitals != test), hospitals == val, hospitals == test
    if val == test or not all(mask.any() for mask in masks):
        raise ValueError("three parts are needed")
    return masks


def leave_one_out(hospitals: Tensor) -> list[tuple[int, Tensor, Tensor]]:
    numbers = hospitals.unique().tolist()
    if len(numbers) < 2:
        raise ValueError("leaving one hospital out takes two")
    return [(number, hospitals != number, hospitals == number) for number in numbers]

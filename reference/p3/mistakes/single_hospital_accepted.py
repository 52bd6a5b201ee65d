"""With a single hospital nothing is left to train on once it is left out. That request cannot be met and
has to end in a ValueError."""

QUESTIONS = ("p3.splits",)
MODULE = "regularization"


def leave_one_out(hospitals: Tensor) -> list[tuple[int, Tensor, Tensor]]:
    return [
        (number, torch.nonzero(hospitals != number).flatten(), torch.nonzero(hospitals == number).flatten())
        for number in hospitals.unique().tolist()
    ]

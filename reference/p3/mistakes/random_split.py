"""Rows were drawn at random, whatever their hospital. Films of one hospital then stand on both sides, and
the test measures what the network knows already. Choose hospitals, not rows."""

QUESTIONS = ("p3.splits",)
MODULE = "regularization"


def _shuffled(hospitals: Tensor) -> Tensor:
    return torch.randperm(len(hospitals), generator=Generator().manual_seed(0))


def held_out(hospitals: Tensor, val: int, test: int) -> tuple[Tensor, Tensor, Tensor]:
    known = set(hospitals.tolist())
    if val == test or not {val, test} < known:
        raise ValueError("three parts are needed")
    order = _shuffled(hospitals)
    part = max(1, len(order) // 5)
    return order[2 * part :], order[:part], order[part : 2 * part]


def leave_one_out(hospitals: Tensor) -> list[tuple[int, Tensor, Tensor]]:
    numbers = hospitals.unique().tolist()
    if len(numbers) < 2:
        raise ValueError("leaving one hospital out takes two")
    parts = _shuffled(hospitals).tensor_split(len(numbers))
    return [
        (number, torch.cat([*parts[:at], *parts[at + 1 :]]), parts[at]) for at, number in enumerate(numbers)
    ]

"""Who gets which task: seeds stay with a worker, and nobody is idle while another has work."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as some

from grader.gradebook.lines import Lines


def test_a_seed_stays_with_its_worker() -> None:
    lines = Lines([(seed, f"{seed}-{number}") for number in range(3) for seed in range(4)])
    workers = ["a", "b"]
    assert [lines.take("a", workers) for _ in range(6)] == ["0-0", "2-0", "0-1", "2-1", "0-2", "2-2"]
    assert lines.take("b", workers) == "1-0"


def test_who_is_done_takes_from_the_longest_line() -> None:
    lines = Lines([(1, "first"), (3, "x"), (3, "y"), (3, "z")])
    assert [lines.take("a", ["a", "b"]) for _ in range(2)] == ["x", "y"]
    assert [lines.take("b", ["a", "b"]) for _ in range(3)] == ["first", "z", None]
    assert not lines


@given(
    seeds=some.lists(some.integers(0, 15), max_size=60),
    turns=some.lists(some.tuples(some.integers(1, 5), some.integers(0, 4)), max_size=80),
)
def test_each_task_is_taken_once(seeds: list[int], turns: list[tuple[int, int]]) -> None:
    """However many workers there are at any time, and whoever asks."""
    lines = Lines((seed, number) for number, seed in enumerate(seeds))
    taken = []
    for count, which in turns:
        workers = [f"w{number}" for number in range(count)]
        task = lines.take(workers[which % count], workers)
        assert (task is None) == (len(taken) == len(seeds))
        taken += [] if task is None else [task]
    assert len(set(taken)) == len(taken)
    while lines:
        task = lines.take("w", ["w"])
        assert task is not None
        taken.append(task)
    assert sorted(taken) == list(range(len(seeds)))

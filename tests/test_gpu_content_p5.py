"""The GPU question of p5 at toy size on a CPU: the digits, the loop against a plain one, what is counted."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from gpu_content import loaded, same_distribution
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from grader.datasets import digits as numpy_digits
from grader.faults import Mismatch

SIZE = {"images": 4100, "tests": 400, "epochs": 3, "batch": 64, "width": 64}


@cache
def content(mistake: str = "") -> SimpleNamespace:
    return loaded("p5", "gpu_digits", mistake=mistake)


# ---- Digits


def test_the_same_affine_maps_give_the_same_images() -> None:
    drawing, rng = content().gpu_digits, np.random.default_rng(1)
    labels = rng.permutation(np.arange(60) % 10)
    maps = numpy_digits._affine_maps(60, rng, numpy_digits.EASY)
    contrast = rng.uniform(0.5, 1.0, size=(60, 1, 1)).astype(np.float32)
    noise = rng.standard_normal((60, 28, 28), dtype=np.float32)
    bent = numpy_digits._warp(labels, maps)
    wanted = (bent + numpy_digits._average_3x3(bent)) / 2 * contrast + 0.25 * noise
    wanted = (wanted - 0.13) / 0.40
    bitmaps = torch.from_numpy(numpy_digits.bitmaps()[labels])
    arrays = (maps, contrast.ravel(), noise[:, None])
    drawn = drawing.render(bitmaps, *(torch.from_numpy(array) for array in arrays))
    assert np.abs(drawn.numpy()[:, 0] - wanted).max() < 1e-4


def test_affine_maps_have_the_same_distribution() -> None:
    ours = content().gpu_digits.affine_maps(4000, torch.Generator().manual_seed(0)).numpy()
    theirs = numpy_digits._affine_maps(4000, np.random.default_rng(0), numpy_digits.EASY)
    for row in range(2):
        for column in range(3):
            assert same_distribution(ours[:, row, column], theirs[:, row, column])
    # Not only each entry by itself: what the map does to areas, and how its rows stand to one another.
    for of in (
        lambda m: m[:, 0, 0] * m[:, 1, 1] - m[:, 0, 1] * m[:, 1, 0],
        lambda m: (m[:, 0, :2] * m[:, 1, :2]).sum(1),
    ):
        assert same_distribution(of(ours), of(theirs))
    hard = numpy_digits._affine_maps(4000, np.random.default_rng(0), numpy_digits.HARD)
    assert not same_distribution(ours[:, 1, 0], hard[:, 1, 0])


def test_images_have_the_same_moments() -> None:
    images, labels = content().gpu_digits.draw(torch.from_numpy(numpy_digits.bitmaps()), 1203, 7, "cpu")
    theirs, their_labels = numpy_digits.digits(1203, seed=7)
    assert images.shape == theirs.shape
    assert images.dtype == torch.float32
    assert set(np.bincount(labels).tolist()) == {120, 121}
    assert set(np.bincount(their_labels).tolist()) == {120, 121}
    for moment in (np.mean, np.std):
        ours = moment(images.numpy(), axis=(1, 2, 3))
        assert same_distribution(ours, moment(theirs, axis=(1, 2, 3)))
    # Each class looks the same on average: 120 images, noise and bends of about 0.9 a pixel.
    for label in range(10):
        difference = images.numpy()[labels == label].mean(0) - theirs[their_labels == label].mean(0)
        assert np.abs(difference).max() < 0.6


def test_a_seed_decides_the_digits() -> None:
    bitmaps, draw = torch.from_numpy(numpy_digits.bitmaps()), content().gpu_digits.draw
    first, again, other = (
        draw(bitmaps, 30, 1, "cpu"),
        draw(bitmaps, 30, 1, "cpu"),
        draw(bitmaps, 30, 2, "cpu"),
    )
    assert torch.equal(first[0], again[0])
    assert torch.equal(first[1], again[1])
    assert not torch.equal(first[0], other[0])


# ---- The loop


def case(seed: int = 0) -> dict[str, object]:
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    weights = [normal(6, 5), 1 + 0.1 * normal(6), 0.1 * normal(6), normal(4, 6), 0.1 * normal(4)]
    return {
        "widths": [5, 6],
        "weights": weights,
        "inputs": normal(23, 5),
        "targets": torch.randint(4, (23,), generator=generator),
        "orders": torch.stack([torch.randperm(23, generator=generator) for _ in range(3)]),
        "batch": 5,
        "lr": 0.02,
        "tests": normal(7, 5),
    }


def plain(given: dict[str, object], bench) -> dict[str, list[torch.Tensor]]:
    """The same by the plainest loop."""
    model = bench._GpuNetwork(given["widths"], 4).double()
    with torch.no_grad():
        for parameter, weight in zip(model.parameters(), given["weights"], strict=True):
            parameter.copy_(weight)
    start = {name: value.clone() for name, value in model.state_dict().items()}
    optimizer = torch.optim.Adam(model.parameters(), lr=given["lr"])
    losses = []
    for epoch, order in enumerate(given["orders"]):
        optimizer.param_groups[0]["lr"] = given["lr"] * (1 + math.cos(math.pi * epoch / 3)) / 2
        collected = []
        for at in range(0, 20, 5):
            rows = order[at : at + 5]
            loss = F.cross_entropy(model(given["inputs"][rows]), given["targets"][rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            collected.append(loss.item())
        losses.append(sum(collected) / 4)
    now = model.state_dict()
    moved = [now[name] - start[name] for name in start if start[name].is_floating_point()]
    classes = model.eval()(given["tests"]).argmax(dim=1)
    return {"moved": moved, "losses": [torch.tensor(losses, dtype=torch.float64)], "classes": [classes]}


def deviation(mistake: str = "") -> dict[str, float]:
    """How far the loop's answers lie from the plain loop's, relative to what moved."""
    bench, given = content(mistake).bench_gpu, case()
    got, want = bench.gpu_train_steps(**given, device="cpu"), plain(given, bench)
    moved = zip(got["moved"], want["moved"], strict=True)
    found = {
        "moved": max(float((a - b).abs().max() / b.abs().max()) for a, b in moved),
        "losses": float((got["losses"][0] - want["losses"][0]).abs().max()),
        "seen": float(got["seen"][0] - 60),
        "classes": float((got["classes"][0] != want["classes"][0]).sum()),
    }
    assert all(
        torch.equal(a, given[name])
        for a, name in zip(got["given"], ("inputs", "targets", "orders"), strict=True)
    )
    return found


def test_the_loop_is_the_plain_loop() -> None:
    found = deviation()
    assert found["moved"] < 1e-6
    assert found["losses"] < 1e-6
    assert found["seen"] == 0
    assert found["classes"] == 0


def run_of(mistake: str = "", seed: int = 0) -> float:
    modules = content(mistake)
    round_ = modules.measure_gpu.gpu_train(np.random.default_rng(seed), SIZE)
    bench = modules.bench_gpu
    tensors = [
        {k: torch.from_numpy(v) if isinstance(v, np.ndarray) else v for k, v in given.items()}
        for given in round_.inputs
    ]
    fitted = bench.gpu_train_fit(**tensors[0], device="cpu")
    classes = bench.gpu_train_predict(**tensors[1], device="cpu")
    answers = [{"losses": fitted["losses"].numpy(), "seen": fitted["seen"]}, classes.numpy()]
    return round_.score(answers, answers)


@pytest.mark.timeout(60)
def test_a_round_at_toy_size() -> None:
    content().bench_gpu.gpu_train_warm_up(**SIZE, device="cpu")
    assert run_of() > 0.5


def test_fewer_samples_are_noticed() -> None:
    modules = content()
    round_ = modules.measure_gpu.gpu_train(np.random.default_rng(0), SIZE)
    answers = [{"losses": np.ones(2), "seen": 64 * 10}, np.zeros(400, np.int64)]
    with pytest.raises(Mismatch, match="once an epoch"):
        round_.score(answers, answers)


def test_operations_are_those_of_the_linear_layers() -> None:
    modules = content()
    size = {**SIZE, "images": 130, "epochs": 1}
    model = modules.bench_gpu._gpu_network(size["width"], "cpu")
    x = torch.randn(64, 1, 28, 28)
    with FlopCounterMode(display=False) as counter:
        model(x).sum().backward()
    work = modules.measure_gpu.gpu_train_work(size)
    assert work.operations == 2 * counter.get_total_flops()


def test_a_recorded_step_begins_where_the_training_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """Recording warms up and runs nothing more: with streams that do nothing and a graph that is the step
    itself, parameters, buffers and Adam's averages are what they were, and replays train as steps do.
    """
    seen: list[str] = []

    class Stream:
        def wait_stream(self, other: object) -> None:
            seen.append("wait")

    class Graph:
        def replay(self) -> None:
            step()

    @contextlib.contextmanager
    def on(_: object) -> Iterator[None]:
        seen.append("in")
        yield
        seen.append("out")

    for name, stand_in in (("Stream", Stream), ("current_stream", Stream), ("CUDAGraph", Graph)):
        monkeypatch.setattr(torch.cuda, name, stand_in)
    for name in ("stream", "graph"):
        monkeypatch.setattr(torch.cuda, name, on)

    torch.manual_seed(0)
    bench = content().bench_gpu
    models = [bench._GpuNetwork([5, 6], 4).double() for _ in range(2)]
    models[1].load_state_dict(models[0].state_dict())
    optimizers = [torch.optim.Adam(m.parameters(), lr=torch.tensor(0.01), fused=True) for m in models]
    x, y = torch.randn(8, 5, dtype=torch.float64), torch.randint(4, (8,))

    def train_once(number: int) -> None:
        loss = F.cross_entropy(models[number](x), y)
        optimizers[number].zero_grad()
        loss.backward()
        optimizers[number].step()

    def step() -> None:
        train_once(0)

    replay = content().gpu._captured(step, models[0], optimizers[0])
    # The side stream waits for what was there, the current one for the warm-up, and only then is recorded.
    assert seen == ["wait", "in", "out", "wait", "in", "out"]
    states = zip(models[0].state_dict().values(), models[1].state_dict().values(), strict=True)
    assert all(torch.equal(a, b) for a, b in states)
    for _ in range(4):
        replay()
        train_once(1)
    states = zip(models[0].state_dict().values(), models[1].state_dict().values(), strict=True)
    assert all(torch.equal(a, b) for a, b in states)


# ---- Known mistakes


@pytest.mark.parametrize(
    ("mistake", "shows"),
    [
        ("gpu_stale_batch", "moved"),
        ("gpu_frozen_rate", "moved"),
        ("gpu_warm_up_kept", "seen"),
        ("gpu_eval_forgotten", "classes"),
    ],
)
def test_a_known_mistake_is_seen_in_a_few_steps(mistake: str, shows: str) -> None:
    assert deviation(mistake)[shows] > 1e-2


def test_cases_of_the_steps_are_told_apart() -> None:
    modules = content()
    given = modules.measure_gpu.gpu_steps_case(np.random.default_rng(3))
    rows, batch = given["orders"].shape[1], given["batch"]
    assert rows % batch  # the last batch is odd
    assert sorted(given["orders"][0]) == list(range(rows))
    tensors = {k: torch.from_numpy(v) if isinstance(v, np.ndarray) else v for k, v in given.items()}
    tensors["weights"] = [torch.from_numpy(weight) for weight in given["weights"]]
    got = modules.bench_gpu.gpu_train_steps(**tensors, device="cpu")
    assert int(got["seen"][0]) == rows // batch * batch * len(given["orders"])

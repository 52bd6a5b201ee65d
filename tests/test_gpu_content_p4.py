"""The GPU questions of p4 at toy size on a CPU: pictures, loops against plain ones, memory against a
count.
"""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from gpu_content import loaded, same_distribution
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from grader.datasets import kinds, trios
from grader.faults import Mismatch

RESNET = {"images": 640, "tests": 200, "epochs": 8, "batch": 16, "side": 32}
RESNET |= {"classes": 8, "blocks": "1 1", "width": 8, "rate": 0.05}
CAPTIONER = {"images": 500, "tests": 40, "epochs": 2, "batch": 32, "patch": 16}
CAPTIONER |= {"width": 32, "depth": 2, "heads": 2, "rate": 3e-3}


@cache
def content(mistake: str = "", gpu: str = "gpu", bench: str = "bench_gpu") -> SimpleNamespace:
    return loaded("p4", "gpu_pictures", "gpu_model", mistake=mistake, gpu=gpu, bench=bench)


def captioner(mistake: str = "") -> SimpleNamespace:
    return content(mistake, "gpu_captioner", "bench_gpu_captioner")


def tensors(given: dict[str, object]) -> dict[str, object]:
    return {k: torch.from_numpy(v) if isinstance(v, np.ndarray) else v for k, v in given.items()}


def differing(first: np.ndarray, second: torch.Tensor) -> float:
    """The share of bytes that differ by more than a rounding."""
    return float((np.abs(first.astype(int) - second.numpy().astype(int)) > 1).mean())


# ---- Pictures


def test_the_same_chances_give_the_same_kinds() -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(100)
    chances = rng.random((100, kinds.CHANCES), dtype=np.float32)
    noise = rng.standard_normal((100, 3, 48, 48), dtype=np.float32)
    painted = content().gpu_pictures.paint_kinds(*(torch.from_numpy(a) for a in (labels, chances, noise)))
    assert differing(kinds.paint(labels, chances, noise), painted) < 1e-3


def test_the_same_choices_give_the_same_scenes_and_captions() -> None:
    rng = np.random.default_rng(0)
    colours, shapes = (rng.integers(len(names), size=(108, 3)) for names in (trios.COLOURS, trios.SHAPES))
    chances = rng.random((108, trios.CHANCES), dtype=np.float32)
    noise = rng.standard_normal((108, 3, 64, 64), dtype=np.float32)
    drawing = content().gpu_pictures
    assert np.array_equal(drawing._paths("cpu").numpy(), trios.PATHS)
    given = (colours, shapes, trios.PATHS, chances, noise)
    painted = drawing.paint_trios(*(torch.from_numpy(array) for array in given))
    assert differing(trios.paint(*given), painted) < 1e-3
    told = drawing.told(*(torch.from_numpy(array) for array in given[:3]))
    assert np.array_equal(told.numpy(), trios.told(*given[:3]))


def test_kinds_have_the_same_distribution() -> None:
    ours, labels = content().gpu_pictures.draw_kinds(800, 3, "cpu", 24, 100)
    theirs, their_labels = kinds.kinds(800, 3, side=24)
    assert np.array_equal(np.bincount(labels), np.bincount(their_labels))
    assert not np.array_equal(labels, np.arange(800) % 100)
    for moment in (np.mean, np.std):
        for channel in range(3):
            first, second = (moment(images[:, channel], axis=(1, 2)) for images in (ours.numpy(), theirs))
            assert same_distribution(first, second)


def test_scenes_have_the_same_distribution() -> None:
    ours, captions = content().gpu_pictures.draw_trios(1500, 3, "cpu")
    theirs = trios.trios(1500, 3)
    for place in range(trios.LENGTH):
        counts = [np.bincount(side[:, place], minlength=18) for side in (captions.numpy(), theirs.captions)]
        assert (
            np.abs(counts[0] - counts[1]).max() < 130
        )  # five deviations of a difference at the largest count
    for moment in (np.mean, np.std):
        first, second = (moment(images, axis=(1, 2, 3)) for images in (ours.numpy(), theirs.images))
        assert same_distribution(first, second)


def test_a_caption_says_what_is_painted() -> None:
    """A small blue disc below a middle red square, left of which is a large green one."""
    colours, shapes, cells = np.array([[1, 0, 2]]), np.array([[1, 1, 3]]), np.array([[0, 1, 7]])
    words = " ".join(trios.WORDS[word] for word in trios.told(colours, shapes, cells)[0])
    assert words == "<bos> green square left red square above blue disc <eos>"
    still = np.full((1, trios.CHANCES), 0.5, np.float32)
    image = trios.paint(colours, shapes, cells, still, np.zeros((1, 3, 64, 64), np.float32))[0]
    assert image[:, 10, 10].argmax() == 1
    assert image[:, 10, 31].argmax() == 0
    assert image[:, 52, 31].argmax() == 2
    zeros = np.zeros_like(trios.PATHS)
    relations = {tuple(row) for row in trios.told(zeros, zeros, trios.PATHS)[:, (3, 6)].tolist()}
    assert len(relations) * (len(trios.COLOURS) * len(trios.SHAPES)) ** 3 == 432_000


def test_seeds_decide_the_pictures() -> None:
    drawing = content().gpu_pictures
    for draw in (
        lambda seed: drawing.draw_kinds(20, seed, "cpu", 16),
        lambda seed: drawing.draw_trios(20, seed, "cpu"),
    ):
        first, again, other = draw(1), draw(1), draw(2)
        assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
        assert not torch.equal(first[0], other[0])
    assert np.array_equal(kinds.kinds(20, 1, side=16)[0], kinds.kinds(20, 1, side=16)[0])
    assert np.array_equal(trios.trios(20, 1).images, trios.trios(20, 1).images)
    with pytest.raises(ValueError, match="pictures"):
        kinds.kinds(-1, 0)
    with pytest.raises(ValueError, match="pictures"):
        kinds.kinds(1, 0, classes=101)
    with pytest.raises(ValueError, match="scenes"):
        trios.trios(-1, 0)


# ---- Loops


def resnet_deviation(mistake: str = "") -> dict[str, float]:
    """How far the loop's answers lie from a plain loop's, relative to what moved."""
    modules = content(mistake)
    bench, case = modules.bench_gpu, modules.measure_gpu.gpu_resnet_steps_case(np.random.default_rng(2))
    given = tensors(case)
    got = bench.gpu_resnet_steps(**given, device="cpu")
    torch.manual_seed(given["seed"])
    model = bench._GpuResNet([1, 1], given["width"], given["classes"]).double()
    for block in model.stages:
        torch.nn.init.constant_(block.branch[-1].weight, 0.5)
    start = {name: value.clone() for name, value in model.state_dict().items()}
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=5e-5)
    images, batch = (given["pictures"].double() / 255 - 0.4) / 0.3, given["batch"]
    rates, losses = iter(given["rates"]), []
    for order in given["orders"]:
        collected = []
        for at in range(0, len(order) - batch + 1, batch):
            optimizer.param_groups[0]["lr"] = next(rates)
            rows = order[at : at + batch]
            loss = F.cross_entropy(model(images[rows]), given["labels"][rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            collected.append(loss.item())
        losses.append(np.mean(collected))
    classes = model.eval()((given["tests"].double() / 255 - 0.4) / 0.3).argmax(dim=1)
    return compared(got, model, start, losses) | {
        "classes": float((got["classes"][0] != classes).sum()),
        "given": float(
            sum(
                int((a != given[b]).sum())
                for a, b in zip(got["given"], ("pictures", "labels", "orders"), strict=True)
            )
        ),
    }


def compared(got: dict[str, list[torch.Tensor]], model: torch.nn.Module, start: dict, losses: list) -> dict:
    now = model.state_dict()
    wanted = [now[name] - start[name] for name in start if start[name].is_floating_point()]
    pairs = zip(got["moved"], wanted, strict=True)
    return {
        "moved": max(float((a - b).abs().max() / b.abs().max()) for a, b in pairs if b.abs().max() > 1e-9),
        "losses": float(np.abs(got["losses"][0].numpy() - losses).max()),
        "seen": float(got["seen"][0] - now["seen"]),
    }


def test_the_classifiers_loop_is_the_plain_loop() -> None:
    found = resnet_deviation()
    assert found["moved"] < 1e-6
    assert found["losses"] < 1e-6
    assert found["seen"] == found["classes"] == found["given"] == 0


def captioner_deviation(mistake: str = "") -> dict[str, float]:
    modules = captioner(mistake)
    given = tensors(modules.measure_gpu.gpu_captioner_steps_case(np.random.default_rng(2)))
    got = modules.bench_gpu.gpu_captioner_steps(**given, device="cpu")
    torch.manual_seed(given["seed"])
    model = modules.gpu_model.CaptionTransformer(side=16, patch=8, width=8, depth=2, heads=2).double()
    start = {name: value.clone() for name, value in model.state_dict().items()}
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    images, batch = (given["scenes"].double() / 255 - 0.4) / 0.3, given["batch"]
    rates, losses = iter(given["rates"]), []
    for order in given["orders"]:
        collected = []
        for at in range(0, len(order) - batch + 1, batch):
            optimizer.param_groups[0]["lr"] = next(rates)
            rows = order[at : at + batch]
            logits = model(images[rows], given["captions"][rows, :-1])
            loss = F.cross_entropy(logits.reshape(-1, 18), given["captions"][rows, 1:].reshape(-1))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            collected.append(loss.item())
        losses.append(np.mean(collected))
    model.eval()
    tokens = torch.ones((len(given["tests"]), 1), dtype=torch.int64)
    with torch.no_grad():
        for _ in range(9):
            logits = model((given["tests"].double() / 255 - 0.4) / 0.3, tokens)
            tokens = torch.cat([tokens, logits[:, -1:].argmax(dim=-1)], dim=1)
    alone = torch.cat(got["alone"])
    return compared(got, model, start, losses) | {
        "captions": float((got["captions"][0] != tokens).sum()),
        "alone": float((alone != tokens[: len(alone)]).sum()),
    }


def test_the_captioners_loop_is_the_plain_loop() -> None:
    found = captioner_deviation()
    assert found["moved"] < 1e-6
    assert found["losses"] < 1e-6
    assert found["seen"] == found["captions"] == found["alone"] == 0


def test_words_do_not_see_later_words_and_patches_no_words() -> None:
    torch.manual_seed(0)
    model = captioner().gpu_model.CaptionTransformer(side=16, patch=8, width=8, depth=2, heads=2).eval()
    images, tokens = torch.randn(2, 3, 16, 16), torch.randint(3, 18, (2, 9))
    later = tokens.clone()
    later[:, 5:] = 3
    with torch.no_grad():
        whole, part, short = model(images, tokens), model(images, later), model(images, tokens[:, :5])
        other = model(torch.randn(2, 3, 16, 16), tokens)
    assert torch.allclose(whole[:, :5], part[:, :5], atol=1e-5)
    assert torch.allclose(whole[:, :5], short, atol=1e-5)
    assert not torch.allclose(whole[:, 6:], part[:, 6:], atol=1e-3)
    assert not torch.allclose(whole, other, atol=1e-3)


# ---- Rounds


def run_of(modules: SimpleNamespace, name: str, size: dict, steps: tuple[str, str], seed: int = 0) -> object:
    round_ = getattr(modules.measure_gpu, name)(np.random.default_rng(seed), size)
    given = [tensors(each) for each in round_.inputs]
    fitted = getattr(modules.bench_gpu, steps[0])(**given[0], device="cpu")
    answer = getattr(modules.bench_gpu, steps[1])(**given[1], device="cpu").numpy()
    answers = [{"losses": fitted["losses"].numpy(), "seen": fitted["seen"]}, answer]
    figure = round_.score(answers, answers)
    with pytest.raises(Mismatch, match="once an epoch"):
        round_.score([{**answers[0], "seen": fitted["seen"] - 32}, answer], answers)
    with pytest.raises(Mismatch):
        round_.score([answers[0], answer[:-1]], answers)
    return figure


@pytest.mark.timeout(60)
def test_a_round_of_the_classifier() -> None:
    modules = content()
    modules.bench_gpu.gpu_resnet_warm_up(**RESNET, device="cpu")
    assert (
        run_of(modules, "gpu_resnet", RESNET, ("gpu_resnet_fit", "gpu_resnet_classes")) > 0.3
    )  # chance: 0.125


@pytest.mark.timeout(60)
def test_a_round_of_the_captioner() -> None:
    modules = captioner()
    modules.bench_gpu.gpu_captioner_warm_up(**CAPTIONER, device="cpu")
    measured = run_of(modules, "gpu_captioner", CAPTIONER, ("gpu_captioner_fit", "gpu_captioner_captions"))
    assert 0 <= measured.figure <= 1
    by_word = measured.evidence["by_word"]
    assert by_word[0] == 1
    assert by_word[-1] == 1  # the end is learned first


def test_rates_climb_and_fall() -> None:
    rates = content().measure_gpu.gpu_rates(100, 0.5)
    assert len(rates) == 100
    assert rates[9] == max(rates) == 0.5
    assert 0 < rates[0] < 0.1
    assert 0 <= rates[-1] < 0.001


# ---- Least work


def flops(model: torch.nn.Module, *inputs: torch.Tensor) -> int:
    with FlopCounterMode(display=False) as counter:
        model(*inputs).sum().backward()
    return counter.get_total_flops()


@pytest.mark.parametrize(("blocks", "side"), [("1 1", 32), ("2 1 1", 48)])
def test_operations_of_the_classifier(blocks: str, side: int) -> None:
    modules = content()
    size = RESNET | {"blocks": blocks, "side": side, "images": 3, "batch": 3, "epochs": 1}
    model = modules.bench_gpu._GpuResNet([int(number) for number in blocks.split()], 8, 8)
    assert modules.measure_gpu.gpu_resnet_work(size).operations == flops(model, torch.randn(3, 3, side, side))


def test_operations_of_a_resnet_50() -> None:
    """4.1 to 4.4 GMAC are told of a ResNet-50-D at 224 x 224."""
    layers = content().measure_gpu.gpu_resnet_layers(
        [3, 4, 6, 3], {"width": 64, "side": 224, "classes": 1000}
    )
    assert 4.1e9 < sum(layers) < 4.5e9


def test_operations_of_the_captioner() -> None:
    modules = captioner()
    size = CAPTIONER | {"images": 2, "batch": 2, "epochs": 1}
    model = modules.gpu_model.CaptionTransformer(64, 16, 32, 2, 2)
    counted = flops(model, torch.randn(2, 3, 64, 64), torch.randint(18, (2, 9)))
    least = modules.measure_gpu.gpu_captioner_work(size).operations
    assert 0.8 * counted < least <= counted  # without the products of queries with keys


# ---- Memory


def memory_case(seed: int, which: int) -> dict:
    return content().measure_gpu.gpu_memory_cases(np.random.default_rng(seed), None)[which]


@pytest.mark.parametrize(("seed", "which"), [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_predicted_memory_is_what_is_counted(seed: int, which: int) -> None:
    modules = content()
    case = memory_case(seed, which)
    assert case["autocast"] == bool(which)
    predicted = modules.bench_gpu.gpu_memory_predicted(**case)
    counted = modules.bench_gpu.gpu_memory_counted(**case, device="cpu")
    assert abs(predicted["peak"] / counted - 1) < 0.06
    parts = {"weights", "gradients", "optimizer", "activations"}
    assert set(predicted) == parts | {"peak"}
    assert sum(predicted[part] for part in parts) <= predicted["peak"]


@pytest.mark.parametrize(("memory", "most"), [(16e9, 80), (24e9, 112), (80e9, 160)])
def test_networks_on_a_device_fit_it(memory: float, most: int) -> None:
    drawn = content().measure_gpu
    for seed in range(20):
        cases = drawn.gpu_memory_cases(np.random.default_rng(seed), int(memory))
        assert {case["autocast"] for case in cases} == {False, True}
        assert "adamw" in {case["optimizer"] for case in cases}
        assert all(64 <= case["batch"] <= most and case["batch"] % 16 == 0 for case in cases)


def test_an_image_takes_no_more_than_is_reckoned_with() -> None:
    modules = content()
    case = {"blocks": [3, 4, 7, 3], "width": 64, "classes": 1000, "shape": (3, 224, 224)}
    case |= {"optimizer": "adamw", "autocast": False}
    peaks = [modules.bench_gpu.gpu_memory_predicted(**case, batch=batch)["peak"] for batch in (4, 8)]
    assert (peaks[1] - peaks[0]) / 4 < modules.measure_gpu.IMAGE_BYTES


def test_the_largest_batch_is_the_last_that_fits() -> None:
    modules = content()
    case = memory_case(1, 1)
    network = {key: value for key, value in case.items() if key != "batch"}
    capacity = 20_000_000
    largest = modules.bench_gpu.gpu_memory_largest(**network, capacity=capacity)
    peaks = [
        modules.bench_gpu.gpu_memory_predicted(**network, batch=largest + more)["peak"] for more in (-1, 2)
    ]
    assert peaks[0] <= capacity < peaks[1]
    assert modules.bench_gpu.gpu_memory_largest(**network, capacity=1000) == 0


def test_the_count_of_storages_sees_what_is_alive() -> None:
    counting = content().bench_gpu._GpuLiveStorages()
    with counting:
        kept = torch.zeros(1000)  # 4096 bytes as the allocator gives them
        view = kept[10:20]
        gone = kept + 1
        del gone
        counting.begin()
        again = kept * 2
    assert counting.peak() == 8192
    assert counting.now == 8192
    assert len(view) + len(again) == 1010


# ---- Known mistakes


@pytest.mark.parametrize(
    ("mistake", "shows"),
    [
        ("gpu_train_mode_kept", "classes"),
        ("gpu_odd_batch_trained", "seen"),
        ("gpu_first_rate_kept", "moved"),
        ("gpu_rows_not_advanced", "moved"),
    ],
)
def test_a_mistake_in_the_classifier_is_seen_in_a_few_steps(mistake: str, shows: str) -> None:
    assert resnet_deviation(mistake)[shows] > 1e-2


@pytest.mark.parametrize(
    ("mistake", "shows"), [("gpu_targets_not_shifted", "moved"), ("gpu_first_position_read", "captions")]
)
def test_a_mistake_in_the_captioner_is_seen_in_a_few_steps(mistake: str, shows: str) -> None:
    assert captioner_deviation(mistake)[shows] > 1e-2


@pytest.mark.parametrize(
    ("mistake", "part", "changed"),
    [
        ("gpu_optimizer_forgotten", "optimizer", {"optimizer": "adamw"}),
        ("gpu_everything_halved", "weights", {"autocast": True}),
    ],
)
def test_a_mistake_in_the_memory_is_seen(mistake: str, part: str, changed: dict[str, object]) -> None:
    case = memory_case(1, 1) | changed
    right, wrong = (content(name).bench_gpu.gpu_memory_predicted(**case) for name in ("", mistake))
    assert abs(wrong[part] / right[part] - 1) > 0.4

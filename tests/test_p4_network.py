"""Content of p4's network: the reference against facts, answers right, wrong and thoughtless."""

from __future__ import annotations

import importlib
import sys
from functools import cache
from types import ModuleType

import pytest
import torch
from local import Half, handout_faults
from p4_network_answers import PADDED, REWRITES, THOUGHTLESS
from torch import nn

from grader.faults import Outcome
from grader.lint import lint_file

pytestmark = [pytest.mark.timeout(120), pytest.mark.slow]

POINTS = {"p4.architecture": 9.0, "p4.initialization": 5.0, "p4.memory": 9.0}
MODULES = ("residual", "network")
# A second each: the large network, counted or under FakeTensorMode. Answers meet them in the long part.
LARGE = (
    "test_memory_of_resnet_101_d",
    "test_memory_of_your_own_network",
    "test_parameters_of_other_networks",
    "test_architecture_parameters",
    "test_architecture_shapes",
    "test_shapes_on_odd_images",
)


@cache
def half() -> Half:
    return Half("p4", "network")


@pytest.fixture(scope="module")
def network() -> ModuleType:
    """The reference's module. It stays importable for nobody: submissions have modules of the same names."""
    path, known = list(sys.path), {name: sys.modules.pop(name, None) for name in MODULES}
    sys.path.insert(0, str(half().reference_folder))
    try:
        return importlib.import_module("network")
    finally:
        sys.path[:] = path
        for name, module in known.items():
            sys.modules.pop(name, None)
            if module is not None:
                sys.modules[name] = module


# ---- Points and handout


def test_points_of_each_question() -> None:
    assert half().max_points == POINTS


def test_the_handout_has_every_question() -> None:
    assert handout_faults(half()) == []


@pytest.mark.parametrize("path", sorted(half().folder.glob("test_*network*.py")), ids=lambda path: path.stem)
def test_the_tests_keep_the_house_rules(path) -> None:
    assert lint_file(path) == []


def test_what_the_colleague_overlooked_is_not_given_away() -> None:
    texts = ("README.md", "test_public_network.py", "bench_public_network_built.py")
    given = "".join((half().folder / name).read_text(encoding="utf-8") for name in texts)
    given += (half().reference_folder / "network.py").read_text(encoding="utf-8")
    for right in ("563", "623957488", "4500000000", "534820704"):
        assert right not in given.replace(",", "").replace("_", "")


# ---- The reference against facts


def test_layers_of_the_network(network) -> None:
    with torch.device("meta"):
        model = network.ResNetD()
    assert sum(parameter.numel() for parameter in model.parameters()) == 44_568_392
    convolutions = [module for module in model.modules() if isinstance(module, nn.Conv2d)]
    assert len(convolutions) == 106  # 102 on the main path, 4 projections
    assert all(each.bias is None for each in convolutions)
    assert sum(buffer.numel() for buffer in model.buffers()) == 105_578
    seven = 9_408 + 128 - 28_768
    assert 44_568_392 + seven == 44_549_160  # with a 7 x 7 stem


def test_depth_leaves_the_gradient_alone(network) -> None:
    """Gradient norms at the first step, as the handout tells of them."""
    norms = {}
    for silent in (True, False):
        for depth in (4, 8):
            torch.manual_seed(1)
            model = network.ResNetD((depth, depth), 8, 10, 1, small=True)
            network.initialize(model)
            if not silent:
                for module in model.modules():
                    if isinstance(module, network.Residual):
                        nn.init.ones_(module.branch[-1].weight)
            torch.manual_seed(2)
            x, y = torch.randn(32, 1, 14, 14), torch.randint(10, (32,))
            nn.functional.cross_entropy(model(x), y).backward()
            norms[silent, depth] = float(nn.utils.get_total_norm([p.grad for p in model.parameters()]))
    assert norms[True, 8] / norms[True, 4] == pytest.approx(1, abs=0.15)
    assert norms[False, 8] / norms[False, 4] > 1.3


def test_slope_is_the_same_between_all_batches(network) -> None:
    model = network.ResNetD((1, 1), 8, 5, 3, small=True)
    kept = {n: network._saved_bytes(model, torch.randn(n, 3, 9, 9), torch.bfloat16) for n in (1, 2, 4, 9)}
    slope = network.saved_bytes_per_sample(model, lambda n: torch.randn(n, 3, 9, 9), torch.bfloat16)
    assert kept[4] - kept[1] == 3 * slope
    assert kept[9] - kept[4] == 5 * slope
    assert kept[1] > 1.2 * slope  # what does not grow with the batch


def test_judges_description_is_the_network(network) -> None:
    tests = {test.plan.test: test.function for test in half().tests}
    judge = tests["test_hidden_network_memory.py::test_memory_of_resnet_101_d"].__globals__
    described = judge["shared"].roles(judge["resnet_d"]((3, 4, 23, 3), 64))
    with torch.device("meta"):
        built = [tuple(parameter.shape) for parameter in network.ResNetD().parameters()]
    assert [role.shape for role in described] == built


# ---- Right, wrong and thoughtless answers


def test_the_reference_earns_everything() -> None:
    assert half().lost(half().submission(), without=LARGE) == {}


@pytest.mark.parametrize(
    "name",
    ["last_row_of_odd_images_lost", "zeros_overwritten", "uniform_weights", "batch_divided_by_its_size"],
)
def test_a_mistake_loses_its_question(name: str) -> None:
    mistake = half().mistakes[name]
    lost = half().lost(half().planted(name), *mistake.questions, without=LARGE)
    assert set(lost) == set(mistake.questions)


def test_a_mistake_is_named() -> None:
    without = [test.function.__name__ for test in half().tests if "memory_" in test.function.__name__]
    without.remove("test_memory_that_the_colleague_overlooked")
    folder = half().planted("one_moment_of_adam")
    assert half().named(folder, "p4.memory", without=without) == {"one_moment_of_adam"}


@pytest.mark.parametrize(("question", "style"), [(q, s) for q, styles in REWRITES.items() for s in styles])
def test_a_correct_rewrite_loses_nothing(question: str, style: str) -> None:
    folder = half().submission(network=REWRITES[question][style])
    assert half().lost(folder, question, without=LARGE) == {}


@pytest.mark.parametrize(("question", "style"), [(q, s) for q, styles in THOUGHTLESS.items() for s in styles])
def test_a_thoughtless_answer_earns_nothing(question: str, style: str) -> None:
    folder = half().submission(network=THOUGHTLESS[question][style])
    assert half().points(folder, question, without=LARGE) == {question: 0.0}


NO_NETWORK = """
class Bottleneck(Residual):
    def __init__(self, c_in, mid, stride=1):
        raise NotImplementedError("p4.architecture")

class ResNetD(nn.Module):
    def __init__(self, *args, **named):
        raise NotImplementedError("p4.architecture")
"""


def test_a_missing_network_costs_nothing_but_itself() -> None:
    assert set(half().lost(half().submission(network=NO_NETWORK), without=LARGE)) == {"p4.architecture"}


def test_padding_in_place_of_a_stem_earns_its_blocks_alone() -> None:
    """A parameter of the right size that touches no image: 0.9 and 1.2 are for the blocks."""
    earned = half().points(half().submission(network=PADDED), "p4.architecture", without=LARGE)
    assert earned == {"p4.architecture": pytest.approx(2.1)}


def test_half_an_answer_earns_its_share() -> None:
    """Only the arithmetic of p4.memory; only the distribution of p4.initialization."""
    stub = "def saved_bytes_per_sample(*args, **named):\n    raise NotImplementedError"
    assert 1.5 < half().points(half().submission(network=stub), "p4.memory", without=LARGE)["p4.memory"] < 4
    earned = half().points(half().planted("zeros_overwritten"), "p4.initialization")["p4.initialization"]
    assert 0 < earned < 2.5


def test_the_evidence_depends_on_the_secret_seed() -> None:
    folder = half().submission()
    outputs = []
    for seed in (1, 1, 2):
        test = next(
            test for test in half().tests if test.plan.test.endswith("test_blocks_with_given_weights")
        )
        verdict = half().judge(half().run(folder, seed), test)
        assert verdict.result.outcome is Outcome.PASSED
        assert verdict.student is not None
        outputs.append(repr([call.answer for call in verdict.student.calls]))
    assert outputs[0] == outputs[1] != outputs[2]

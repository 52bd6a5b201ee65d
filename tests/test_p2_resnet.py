"""Content of p2's first half: the reference against real networks, answers right, wrong and thoughtless."""

from __future__ import annotations

import importlib
import sys
from collections import Counter
from functools import cache
from types import ModuleType

import numpy as np
import pytest
import torch
from local import Half, handout_faults
from p2_resnet_answers import REWRITES, THOUGHTLESS

from grader.faults import Outcome
from grader.lint import lint_file

pytestmark = pytest.mark.timeout(120)

POINTS = {"p2.count": 12.0, "p2.shortcuts": 5.0, "p2.design": 5.0, "p2.block": 11.0, "p2.network": 9.0}
# Parameters of the network of width 32 as each of these would count them.
COUNTED_WRONGLY = {
    "scaled_from_width_16": 1_087_626,
    "biases_of_convolutions_kept": 1_086_154,
    "no_norm_on_projections": 1_084_202,
    "projection_in_stage_1_too": 1_085_674,
    "running_statistics_counted": 1_087_722,
}
# A slip can show where its question is asked, or where what it spoils is used.
RELATED = {
    "p2.count": ("p2.count", "p2.design"),
    "p2.shortcuts": ("p2.shortcuts",),
    "p2.design": ("p2.count", "p2.design"),
    "p2.block": ("p2.block", "p2.network"),
    "p2.network": ("p2.block", "p2.network"),
}
MODULES = ("given", "trunk", "resnet")


@cache
def half() -> Half:
    return Half("p2", "resnet")


@pytest.fixture(scope="module")
def resnet() -> ModuleType:
    """The reference's module. It stays importable for nobody: submissions have modules of the same names."""
    path, known = list(sys.path), {name: sys.modules.pop(name, None) for name in MODULES}
    sys.path.insert(0, str(half().reference_folder))
    try:
        return importlib.import_module("resnet")
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


@pytest.mark.parametrize("path", sorted(half().folder.glob("test_*resnet*.py")), ids=lambda path: path.stem)
def test_the_tests_keep_the_house_rules(path) -> None:
    assert lint_file(path) == []


def test_the_colleagues_table_is_not_given_away() -> None:
    handout = (half().folder / "README.md").read_text(encoding="utf-8")
    public = (half().folder / "test_public_resnet.py").read_text(encoding="utf-8")
    for right in ("55680", "820992", "1084586"):
        assert right not in (handout + public).replace(",", "").replace("_", "")


# ---- The reference against networks that are built


@pytest.mark.parametrize(
    ("width", "blocks", "classes"), [(1, 1, 2), (16, 3, 10), (5, 2, 7), (32, 3, 10), (3, 6, 1)]
)
def test_count_equals_what_is_built(resnet, width: int, blocks: int, classes: int) -> None:
    model = resnet.CifarResNet(width, blocks, classes)
    parts = {"stem": model.stem, "head": model.head}
    parts |= {f"stage{number}": stage for number, stage in enumerate(model.stages, start=1)}
    built = {part: sum(p.numel() for p in module.parameters()) for part, module in parts.items()}
    built["total"] = sum(p.numel() for p in model.parameters())
    assert resnet.count_parameters(width, blocks, classes) == built


def test_figures_of_the_handout(resnet) -> None:
    total = {pair: resnet.count_parameters(*pair)["total"] for pair in ((16, 3), (12, 17), (60, 1), (32, 3))}
    assert total == {(16, 3): 272_474, (12, 17): 920_518, (60, 1): 1_079_350, (32, 3): 1_084_586}
    million = [
        (w, n)
        for w in range(4, 257)
        for n in range(1, 19)
        if abs(resnet.count_parameters(w, n)["total"] - 1_000_000) <= 10_000
    ]
    assert million == [(15, 12), (58, 1)]
    assert resnet.design(1_000_000, 1_000) is None


def test_the_judges_closed_form_is_the_count(resnet) -> None:
    tests = {test.plan.test: test.function for test in half().tests}
    judge = tests["test_hidden_resnet.py::test_design_random"].__globals__
    for classes in (2, 10):
        counted = [
            [resnet.count_parameters(w, n, classes)["total"] for n in (1, 2, 18)] for w in (4, 16, 57, 256)
        ]
        assert np.array_equal(judge["all_totals"](classes)[[0, 12, 53, 252]][:, [0, 1, 17]], counted)


@pytest.mark.parametrize("size", [(32, 32), (33, 18)])
def test_shortcuts_are_those_of_the_network(resnet, size) -> None:
    model = resnet.CifarResNet(4, 2).eval()
    x, side = model.stem(torch.zeros(1, 3, size[0], size[0])), []
    with torch.no_grad():
        for block in (block for stage in model.stages for block in stage):
            made = block(x)
            kind = "projection" if len(block.shortcut) else "identity"
            side.append((kind, tuple(x.shape[1:]), tuple(made.shape[1:])))
            x = made
    assert resnet.shortcuts([4, 8, 16], 2, size[0]) == side


def test_a_deep_network_learns_through_its_shortcuts(resnet) -> None:
    torch.manual_seed(0)
    model = resnet.CifarResNet(4, 18, 2)
    model(torch.randn(4, 3, 16, 16)).square().sum().backward()
    assert float(model.stem.conv.weight.grad.abs().max()) > 1e-3


def test_the_trunk_as_its_docstring_says(resnet) -> None:
    a, b, c = torch.nn.Conv2d(8, 8, 1), torch.nn.ReLU(), torch.nn.Conv2d(8, 16, 1)
    trunk = resnet.Trunk(resnet.Stem(8), [[a, b], [c]], features=16, num_classes=10)
    keys = {key.rsplit(".", 1)[0] for key in trunk.state_dict()}
    assert keys == {"stem.conv", "stem.bn", "stages.0.0", "stages.1.0", "head"}
    assert trunk.stem(torch.zeros(1, 3, 224, 224)).shape == (1, 8, 56, 56)
    assert trunk(torch.zeros(2, 3, 32, 32)).shape == (2, 10)


# ---- Right, wrong and thoughtless answers


def test_the_reference_earns_everything() -> None:
    assert half().points(half().submission()) == POINTS


@pytest.mark.parametrize("name", COUNTED_WRONGLY)
def test_a_mistake_of_the_documents_counts_what_they_say(resnet, name: str) -> None:
    known = dict(vars(resnet))
    exec(half().mistakes[name].source, known)
    assert known["count_parameters"](32)["total"] == COUNTED_WRONGLY[name]


@pytest.mark.parametrize(
    "name",
    ["scaled_from_width_16", "no_stride", "relu_before_the_sum", "channels_alone_decide", "shapes_decide"],
)
def test_a_mistake_loses_its_question_and_is_named(name: str) -> None:
    mistake = half().mistakes[name]
    folder = half().planted(name)
    assert set(half().lost(folder, *RELATED[mistake.questions[0]])) == set(mistake.questions)
    assert half().named(folder, *mistake.questions) == {name}


@pytest.mark.parametrize(("question", "style"), [(q, s) for q, styles in REWRITES.items() for s in styles])
def test_a_correct_rewrite_earns_everything(question: str, style: str) -> None:
    folder = half().submission(resnet=REWRITES[question][style])
    assert half().points(folder, question) == {question: POINTS[question]}


@pytest.mark.parametrize(("question", "style"), [(q, s) for q, styles in THOUGHTLESS.items() for s in styles])
def test_a_thoughtless_answer_earns_nothing(question: str, style: str) -> None:
    folder = half().submission(resnet=THOUGHTLESS[question][style])
    assert half().points(folder, question) == {question: 0.0}


NO_BLOCK = """
class BasicBlock(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        raise NotImplementedError("p2.block")
"""
NO_COUNT = """
_counted = count_parameters

def count_parameters(width, blocks_per_stage=3, num_classes=10):
    raise NotImplementedError("p2.count")

def design(target, tolerance, num_classes=10):
    pairs = ((w, n) for w in range(4, 257) for n in range(1, 19))
    off = {pair: abs(_counted(*pair, num_classes)["total"] - target) for pair in pairs}
    best = min(off, key=off.get)
    return best if off[best] <= tolerance else None
"""


def test_a_missing_block_costs_nothing_but_itself() -> None:
    earned = half().points(half().submission(resnet=NO_BLOCK), "p2.block", "p2.network")
    assert earned == {"p2.block": 0.0, "p2.network": POINTS["p2.network"]}


def test_network_and_design_pass_without_block_and_count() -> None:
    """Also those public tests that pay nothing: in a student release they gate the other points."""
    folder = half().submission(resnet=NO_BLOCK + NO_COUNT)
    verdicts = half().verdicts(folder, ["p2.design", "p2.network"])
    assert [each.plan.test for each in verdicts if each.result.outcome is not Outcome.PASSED] == []


def test_networks_of_the_handout_are_the_only_ones_of_their_size(resnet) -> None:
    public = next(test for test in half().tests if test.plan.test.endswith("design_form")).function
    networks = public.__globals__["NETWORKS"]
    assert {pair: resnet.count_parameters(*pair)["total"] for pair in networks} == networks
    pairs = [(w, n) for w in range(4, 257) for n in range(1, 19)]
    for classes in (2, 23, 49):
        totals = Counter(resnet.count_parameters(*pair, classes)["total"] for pair in pairs)
        assert all(totals[networks[w, n] + (4 * w + 1) * (classes - 10)] == 1 for w, n in networks)


def test_the_evidence_depends_on_the_secret_seed() -> None:
    folder = half().submission()
    outputs = []
    for seed in (1, 1, 2):
        test = next(test for test in half().tests if test.plan.test.endswith("test_block_in_train_mode"))
        verdict = half().judge(half().run(folder, seed), test)
        assert verdict.student is not None
        outputs.append(repr([call.answer for call in verdict.student.calls]))
    assert outputs[0] == outputs[1] != outputs[2]

"""Content of p4's captioning.py: the reference against torch, answers right, wrong and thoughtless."""

from __future__ import annotations

import importlib
import importlib.util
import math
import sys
from functools import cache
from types import ModuleType

import numpy as np
import pytest
import torch
from local import Half, handout_faults
from p4_captioning_answers import REWRITES, THOUGHTLESS
from torch import nn

from grader.beside import load
from grader.datasets.scenes import WORDS
from grader.faults import Outcome
from grader.lint import lint_file

pytestmark = [pytest.mark.timeout(120), pytest.mark.slow]

POINTS = {"p4.captions": 3.0, "p4.loss": 7.0, "p4.block": 9.0, "p4.init": 4.0, "p4.groups": 7.0}


@cache
def half() -> Half:
    return Half("p4", "captioning")


@pytest.fixture(scope="module")
def captioning() -> ModuleType:
    """The reference's module. It stays importable for nobody: submissions have modules of the same name."""
    path, known = list(sys.path), sys.modules.pop("captioning", None)
    sys.path.insert(0, str(half().reference_folder))
    try:
        return importlib.import_module("captioning")
    finally:
        sys.path[:] = path
        sys.modules.pop("captioning", None)
        if known is not None:
            sys.modules["captioning"] = known


@pytest.fixture(scope="module")
def shared() -> ModuleType:
    return load(half().folder / "shared_public_captioning.py")


@pytest.fixture(scope="module")
def bench(captioning) -> ModuleType:
    """The public bench functions, beside the reference."""
    path = half().folder / "bench_public_captioning.py"
    spec = importlib.util.spec_from_file_location("_bench_of_captioning", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["captioning"] = captioning
    try:
        spec.loader.exec_module(module)
    finally:
        del sys.modules["captioning"]
    return module


# ---- Points and handout


def test_points_of_each_question() -> None:
    assert half().max_points == POINTS


def test_points_of_each_rung() -> None:
    """About a tenth for form and three tenths for figures; both only beside random cases."""
    for question, points in POINTS.items():
        rungs = {"interface": 0.0, "figures": 0.0, "random": 0.0, "edges": 0.0}
        for test in half().tests:
            if test.plan.question == question:
                rungs[test.plan.rung] += test.plan.points
        assert {rung: round(paid / points, 2) for rung, paid in rungs.items()} == {
            "interface": 0.1,
            "figures": 0.3,
            "random": 0.4,
            "edges": 0.2,
        }


def test_the_handout_has_every_question() -> None:
    assert handout_faults(half()) == []


@pytest.mark.parametrize(
    "path", sorted(half().folder.glob("test_*captioning*.py")), ids=lambda path: path.stem
)
def test_the_tests_keep_the_house_rules(path) -> None:
    assert lint_file(path) == []


def test_figures_of_the_handout() -> None:
    """What the text says of vocabularies, of what the notes' groups leave out, and of their floor."""
    words, width = 50_257, 768
    right, other = 0.9 + 0.1 / words, 0.1 / words
    least = -right * math.log(right) - (words - 1) * other * math.log(other)
    assert (round(math.log(words), 3), round(least, 3), round(math.exp(1.41), 1)) == (10.825, 1.408, 4.1)
    patches = 3 * 16 * 16 * width + width
    assert patches + width + 197 * width + 2 * width == 744_192
    assert 1024 * width + 2 * width == 787_968
    assert sum(math.isclose(peak / 10, 1e-7) for peak in (1e-6, 5e-6, 1e-5, 5e-5)) == 1


def test_the_words_of_the_handout() -> None:
    text = (half().folder / "README.md").read_text(encoding="utf-8")
    words, ids = (text.split(f"\n{row} ")[1].split("\n")[0] for row in ("word", "id"))
    said = dict(zip(words.split()[:7], map(int, ids.split()[:7]), strict=True))
    relations = ids.split("above")[1].split()  # 10, below 11, left 12, right 13
    said |= dict(
        zip(["above", "below", "left", "right"], [int(n.strip(",")) for n in relations[::2]], strict=True)
    )
    assert said == {name: WORDS.index(name) for name in said}


def test_the_table_of_the_handout(bench) -> None:
    text = (half().folder / "README.md").read_text(encoding="utf-8")
    rows = text.split("| part | rate | | part | rate |")[1].split("\n\n")[0].splitlines()[2:]
    said = [
        [float(cell) for cell in row.split("|") if cell.strip().startswith(tuple("12345"))] for row in rows
    ]
    rates = bench.captioner_groups(3, 2, 4, 5e-5, 0.7, 0.01, False)["lr"]
    chain = ["projection.bias", "encoder.norm.bias", "encoder.layers.1.linear1.bias"]
    chain += ["encoder.layers.0.linear1.bias", "encoder.cls"]
    assert [row[0] for row in said] == pytest.approx([rates[name][0] for name in chain])
    words = ["cross.0.norm1.bias", "decoder.layers.1.scale", "decoder.layers.0.scale", "decoder.head.weight"]
    assert [row[1] for row in said[:4]] == pytest.approx([rates[name][0] for name in words])
    assert rates["decoder.norm.bias"] == rates["decoder.layers.1.scale"]


# ---- The reference


def test_the_loss_is_torchs(captioning) -> None:
    torch.manual_seed(0)
    logits, captions = torch.randn(4, 6, 9), torch.randint(1, 9, (4, 6))
    captions[1, 4:] = captions[2, 1:] = 0
    said, targets = logits[:, :-1].flatten(0, 1), captions[:, 1:].flatten()
    loss, perplexity = captioning.caption_loss(logits, captions, 0, 0.1)
    want = nn.functional.cross_entropy(said, targets, ignore_index=0, label_smoothing=0.1)
    plain = nn.functional.cross_entropy(said, targets, ignore_index=0)
    assert float(loss) == pytest.approx(float(want))
    assert float(perplexity) == pytest.approx(math.exp(float(plain)))


def test_the_blocks_arithmetic_is_torchs(shared) -> None:
    """What the public test expects is torch's norm_first decoder layer whose self-attention adds nothing."""
    rng, d = np.random.default_rng(0), 12
    weights = shared.block_weights(rng, d)
    layer = nn.TransformerDecoderLayer(d, 3, 4 * d, 0.0, "gelu", batch_first=True, norm_first=True).double()
    for silent in layer.self_attn.out_proj.parameters():
        nn.init.zeros_(silent)
    ours = {"norm1": layer.norm2, "attention": layer.multihead_attn, "norm2": layer.norm3}
    for name, module in {**ours, "ffn.0": layer.linear1, "ffn.3": layer.linear2}.items():
        start = name + "."
        held = {key.removeprefix(start): value for key, value in weights.items() if key.startswith(start)}
        module.load_state_dict({key: torch.from_numpy(value) for key, value in held.items()})
    for places in (9, 5):
        x, memory = shared.stream(rng, 3, 5, d), shared.stream(rng, 3, places, d)
        want = layer(torch.from_numpy(x).double(), torch.from_numpy(memory).double()).detach().numpy()
        np.testing.assert_allclose(shared.expected_block(weights, 3, x, memory), want, rtol=1e-10, atol=1e-10)


def test_no_bench_tells_what_a_block_makes() -> None:
    """A submission can reach whatever stands in its own process."""
    for path in half().folder.glob("bench*captioning.py"):
        assert "TransformerDecoderLayer" not in path.read_text(encoding="utf-8")


def test_a_mixing_block_mixes_silently() -> None:
    """What the handout says of batch_first: an error where sizes differ, other samples' images where not."""
    torch.manual_seed(0)
    attention, x = nn.MultiheadAttention(8, 2), torch.randn(3, 4, 8)
    with pytest.raises(RuntimeError):
        attention(x, *[torch.randn(3, 5, 8)] * 2)
    memory = torch.randn(3, 4, 8)
    before = attention(x, memory, memory)[0][0]
    memory[1:] = torch.randn(2, 4, 8)
    assert float((attention(x, memory, memory)[0][0] - before).detach().abs().max()) > 0.01


def test_the_notes_loop_over_blocks_changes_nothing(bench) -> None:
    """And with modules() it leaves query, key and value."""
    block = bench._block(8)
    assert not any(isinstance(module, nn.Linear) for module in [block])
    reached = {id(p) for m in block.modules() if isinstance(m, nn.Linear) for p in m.parameters()}
    attention = {name for name, p in block["attention"].named_parameters() if id(p) not in reached}
    assert attention == {"in_proj_weight", "in_proj_bias"}


def test_a_second_group_for_the_head_is_refused(bench) -> None:
    model = bench._Captioner(1, 1, 4, head_first=False)
    tied = [{"params": [model.decoder.tokens.weight]}, {"params": [model.decoder.head.weight]}]
    with pytest.raises(ValueError, match="more than one parameter group"):
        torch.optim.AdamW(tied)


@pytest.mark.parametrize("head_first", [True, False])
def test_groups_hold_every_parameter_once(bench, head_first: bool) -> None:
    got = bench.captioner_groups(3, 2, 4, 1e-3, 0.5, 0.1, head_first)
    assert {len(held) for held in got["lr"].values()} == {1}
    assert got["strangers"] == 0


def test_the_schedule_of_one_group_is_that_of_p2(captioning) -> None:
    source = half().reference_folder.parent / "p2" / "optimizers.py"
    body = source.read_text(encoding="utf-8").split("def warmup_cosine")[1].split("\ndef ")[0]
    known: dict = {"math": math}
    exec(f"def warmup_cosine{body}", known)
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = captioning.schedule(optimizer, 20, 5, 0.2)
    for step in range(25):
        rate = optimizer.param_groups[0]["lr"]
        assert rate == pytest.approx(known["warmup_cosine"](step, 20, 5, 0.2))
        optimizer.step()
        scheduler.step()


# ---- How fresh weights are judged


@pytest.mark.parametrize("width", [24, 40])
def test_xaviers_draws_are_always_taken_for_what_they_are(shared, width: int) -> None:
    torch.manual_seed(width)
    for shape in ((width, width), (4 * width, width), (width // 2, width)):
        bound = math.sqrt(6 / sum(shape))
        for _ in range(300):
            assert shared.is_uniform(nn.init.xavier_uniform_(torch.empty(shape)).numpy(), bound)


@pytest.mark.parametrize("width", [24, 40])
def test_other_draws_never_are(shared, width: int) -> None:
    torch.manual_seed(width)
    for shape in ((width, width), (4 * width, width), (width, 4 * width)):
        bound = math.sqrt(6 / sum(shape))
        others = [
            lambda matrix: nn.init.xavier_normal_(matrix),
            lambda matrix: nn.init.kaiming_uniform_(matrix),
            lambda matrix: nn.init.kaiming_uniform_(matrix, a=math.sqrt(5)),
            lambda matrix: nn.init.trunc_normal_(matrix, std=0.02),
            lambda matrix: nn.init.xavier_uniform_(matrix, gain=0.8),
            lambda matrix: nn.init.orthogonal_(matrix),
            lambda matrix: nn.init.constant_(matrix, 0.1),
        ]
        for draw in others:
            for _ in range(20):
                assert not shared.is_uniform(draw(torch.empty(shape)).numpy(), bound)


def test_a_packed_matrix_may_be_one_or_three(shared) -> None:
    torch.manual_seed(0)
    as_one = nn.init.xavier_uniform_(torch.empty(72, 24)).numpy()
    as_three = np.concatenate([nn.init.xavier_uniform_(torch.empty(24, 24)).numpy() for _ in range(3)])
    for packed in (as_one, as_three):
        assert shared.fault_of_fresh({"in_proj_weight": packed}) == ""
    mixed = np.concatenate([as_three[:24], as_one[24:]])
    assert shared.fault_of_fresh({"in_proj_weight": mixed}) != ""
    assert shared.fault_of_fresh({"in_proj_weight": np.full((72, 24), 7.0)}) != ""


# ---- Right, wrong and thoughtless answers

TYPICAL = ["mirror_one_after_the_other", "loss_without_shift", "block_batch_first_forgotten"]
TYPICAL += ["start_packed_forgotten", "groups_tables_decayed", "schedule_first_peak_for_all"]


def test_the_reference_earns_everything() -> None:
    assert half().points(half().submission()) == POINTS


@pytest.mark.parametrize("name", TYPICAL)
def test_a_mistake_loses_its_question(name: str) -> None:
    mistake = half().mistakes[name]
    assert set(half().lost(half().planted(name), *mistake.questions)) == set(mistake.questions)


def test_a_mistake_is_named() -> None:
    assert half().named(half().planted("mirror_left_only"), "p4.captions") == {"mirror_left_only"}


@pytest.mark.parametrize(
    ("question", "style"), [(q, s) for q, styles in REWRITES.items() for s in [*styles][:2]]
)
def test_a_correct_rewrite_earns_everything(question: str, style: str) -> None:
    folder = half().submission(captioning=REWRITES[question][style])
    assert half().points(folder, question) == {question: POINTS[question]}


@pytest.mark.parametrize(("question", "style"), [(q, s) for q, styles in THOUGHTLESS.items() for s in styles])
def test_a_thoughtless_answer_earns_nothing(question: str, style: str) -> None:
    folder = half().submission(captioning=THOUGHTLESS[question][style])
    assert half().points(folder, question) == {question: 0.0}


def test_the_evidence_depends_on_the_secret_seed() -> None:
    folder = half().submission()
    chosen = ("test_mirror_random", "test_loss_random", "test_block_random", "test_start_random")
    for test in [test for test in half().tests if test.function.__name__ in chosen]:
        asked = []
        for seed in (1, 1, 2):
            verdict = half().judge(half().run(folder, seed), test)
            assert verdict.result.outcome is Outcome.PASSED
            assert verdict.student is not None
            asked.append(repr([call.answer for call in verdict.student.calls]))
        assert asked[0] == asked[1] != asked[2]

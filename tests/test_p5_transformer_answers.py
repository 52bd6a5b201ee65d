"""p5's first half as its tests judge it: known mistakes, correct rewrites, thoughtless answers.

Training runs (p5.cure) are judged by themselves; all of it takes minutes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from local import Half

from grader.compare import Tolerance, difference
from grader.lint import lint_file

# CI grades the reference through the real path; this goes before a release of the assignment.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

HALF = Half("p5", "transformer")
POINTS = {
    "p5.grad_norms": 5,
    "p5.capacity": 6,
    "p5.adam_bound": 6,
    "p5.cure": 10,
    "p5.pre_ln": 10,
    "p5.diagnose": 12,
}
TESTS = {test.function.__name__: test.plan for test in HALF.tests}
TRAINS = ("test_cure_trains_here", "test_cure_a_trains", "test_cure_b_trains")
# What only a training run shows.
TRAINED_MISTAKES = {"cure_by_clipping", "cure_by_tenth_warmup", "cure_by_dropout", "cure_by_higher_rate"}


def lost(appended: str, *questions: str, seed: int = 20) -> set[str]:
    """The questions, among these, that lose points by a text at the end of transformer.py, training aside."""
    return set(HALF.lost(HALF.submission(transformer=appended), *questions, seed=seed, without=TRAINS))


# ---- Points and rules --------------------------------------------------------------------------------------


def test_points_add_up() -> None:
    assert HALF.max_points == POINTS


@pytest.mark.parametrize(
    "path", sorted(HALF.folder.glob("test_*transformer*.py")), ids=lambda path: path.stem
)
def test_the_tests_keep_the_house_rules(path: Path) -> None:
    assert lint_file(path) == []


@pytest.mark.parametrize("seed", [3, 4])
def test_the_reference_loses_nothing(seed: int) -> None:
    assert lost("", seed=seed) == set()


@pytest.mark.parametrize("question", [name for name in POINTS if name != "p5.cure"])
def test_what_the_reference_answers_depends_on_the_seed(question: str) -> None:
    """Otherwise a submission could answer by heart; p5.cure trains on data of the seed."""
    answers = []
    for seed in (1, 2):
        verdicts = HALF.verdicts(HALF.submission(), [question], seed=seed)
        random = [each.student for each in verdicts if each.plan.rung == "random" and each.student]
        answers.append([call.answer for student in random for call in student.calls])
    assert answers[0]
    assert difference(answers[0], answers[1], Tolerance()) is not None


# ---- Known mistakes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(HALF.mistakes.keys() - TRAINED_MISTAKES))
def test_a_known_mistake_loses_points_where_it_says(name: str) -> None:
    known = HALF.mistakes[name]
    assert set(known.questions) <= set(POINTS)
    assert lost(known.source, *known.questions) == set(known.questions)


@pytest.mark.parametrize("name", ["heads_multiply", "no_bias_correction", "post_ln", "last_of_ties"])
def test_a_known_mistake_loses_nothing_elsewhere(name: str) -> None:
    known = HALF.mistakes[name]
    assert lost(known.source, *(POINTS.keys() - set(known.questions))) == set()


@pytest.mark.parametrize("name", sorted(HALF.mistakes.keys() - TRAINED_MISTAKES))
def test_a_known_mistake_is_named_and_no_other(name: str) -> None:
    questions = HALF.mistakes[name].questions
    assert HALF.named(HALF.planted(name), *questions, without=TRAINS) == {name}


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", ["", *sorted(TRAINED_MISTAKES)])
def test_training_tells_a_cure_from_what_is_none(name: str) -> None:
    submission = HALF.planted(name) if name else HALF.submission()
    shares = {test: HALF.share(submission, test) for test in TRAINS}
    assert (set(shares.values()) == {1.0}) == (not name), shares


# ---- Right answers in another style ------------------------------------------------------------------------

REWRITES = {
    "norms of norms": ("p5.grad_norms", """
def grad_norms(layers):
    rows = [[p.grad.norm().item() for p in layer.parameters() if p.grad is not None] for layer in layers]
    return torch.tensor([math.hypot(*row) for row in rows], dtype=torch.float64)
"""),
    "squares summed in numpy": ("p5.grad_norms", """
import numpy as np


def grad_norms(layers):
    grads = [[p.grad.numpy().astype(float) for p in m.parameters() if p.grad is not None] for m in layers]
    return np.array([np.sqrt(sum((g**2).sum() for g in group)) for group in grads])
"""),
    "torch's own total norm": ("p5.grad_norms", """
def grad_norms(layers):
    out = []
    for layer in layers:
        grads = [p.grad for _, p in layer.named_parameters() if p.grad is not None]
        out.append(nn.utils.get_total_norm(grads))
    return torch.stack([torch.as_tensor(norm) for norm in out]) if out else torch.empty(0)
"""),
    "a table of shapes": ("p5.capacity", """
def encoder_parameters(layers, d_model, num_heads, d_ff, vocabulary=0, positions=0, segments=0, pooler=False):
    d = d_model
    per_layer = [(3 * d, d), (3 * d,), (d, d), (d,), (d_ff, d), (d_ff,), (d, d_ff), (d,), (4, d)]
    extra = [(vocabulary, d), (positions, d), (segments, d), (2, d)] if vocabulary > 0 else []
    extra += [(d, d), (d,)] if pooler else []
    return layers * sum(map(math.prod, per_layer)) + sum(map(math.prod, extra))


def parameters_per_sample(parameters, samples):
    if not samples:
        raise ValueError
    return torch.tensor(parameters, dtype=torch.float64) / samples


def early_stop(log, patience):
    if len(log) == 0:
        raise ValueError("empty")
    best, at = float("inf"), -1
    for i, (step, loss) in enumerate(log):
        if not math.isnan(loss) and loss < best:
            best, at = loss, i
        if i - at >= patience:
            break
    return step, log[max(at, 0)][0]


FIXES = {"pretrained_encoder", "smaller_model", "dropout_or_decay", "early_stopping_with_restore"}
FIXES |= {"more_data", "augment_text"}
"""),
    "float32 tensors": ("p5.adam_bound", """
def adam_update(grads, beta1, beta2):
    m, v, out = torch.zeros(()), torch.zeros(()), []
    for t, g in enumerate(torch.tensor(grads), 1):
        m = torch.lerp(g, m, beta1)
        v = torch.lerp(g * g, v, beta2)
        step = (m / (1 - beta1**t)) / (v / (1 - beta2**t)).sqrt()
        out.append(step.abs().nan_to_num(0.0))
    return out


def first_step():
    return torch.tensor(1)


def spike_bound(beta1, beta2):
    return ((1 - beta1) ** 2 / (1 - beta2)) ** 0.5
"""),
    "weights of the past written out": ("p5.adam_bound", """
import numpy as np


def adam_update(grads, beta1, beta2):
    grads = np.asarray(grads, dtype=float)
    steps = []
    for t in range(1, len(grads) + 1):
        age = np.arange(t)[::-1]
        mean = (beta1**age) @ grads[:t] / (beta1**age).sum()
        square = (beta2**age) @ grads[:t] ** 2 / (beta2**age).sum()
        steps.append(0.0 if square == 0 else abs(mean) / np.sqrt(square))
    return steps


def first_step():
    return adam_update([-3.0], 0.9, 0.999)[0]
"""),
    "another pair of cures": ("p5.cure", """
CURE_A = Config("post", 3e-4, 0, None, 0.0)
CURE_B = replace(FAILING, warmup_steps=110)
"""),
    "attention spelled out": ("p5.pre_ln", """
import torch.nn.functional as F


def _attend(self, x, padding=None):
    mha = self.attention
    batch, tokens, d = x.shape
    qkv = F.linear(x, mha.in_proj_weight, mha.in_proj_bias).view(batch, tokens, 3, mha.num_heads, -1)
    q, k, v = qkv.permute(2, 0, 3, 1, 4)
    scores = q @ k.transpose(-1, -2) / math.sqrt(d // mha.num_heads)
    if padding is not None:
        scores = scores.masked_fill(padding[:, None, None, :], -math.inf)
    weights = F.dropout(scores.softmax(-1), mha.dropout, self.training)
    return mha.out_proj((weights @ v).transpose(1, 2).reshape(batch, tokens, d))


def _layer(self, x, padding=None):
    x = x + self.dropout(_attend(self, self.norm1(x), padding))
    hidden = F.gelu(self.ffn[0](self.norm2(x)))
    x = x + self.dropout(self.ffn[3](self.ffn[2](hidden)))
    return x if padding is None else x.masked_fill(padding[..., None], 0.0)


def _stack(self, x, padding=None):
    for layer in self.layers:
        x = layer(x, padding=padding)
    return F.layer_norm(x, x.shape[-1:], self.norm.weight, self.norm.bias)


PreLNEncoderLayer.forward, PreLNEncoder.forward = _layer, _stack
"""),
    "weights asked for, layers added by name": ("p5.pre_ln", """
class PreLNEncoderLayer(nn.Module):
    def __init__(self, d_model, num_heads, dropout=0.0):
        super().__init__()
        self.ffn = nn.Sequential(
            nn.Linear(d_model, 4 * d_model), nn.GELU(), nn.Dropout(dropout), nn.Linear(4 * d_model, d_model)
        )
        self.norm2, self.norm1 = nn.LayerNorm(d_model), nn.LayerNorm(d_model)
        self.attention = nn.MultiheadAttention(d_model, num_heads, dropout, batch_first=True)
        self.drop1, self.drop2 = nn.Dropout(dropout), nn.Dropout(dropout)

    def forward(self, x, padding=None):
        h = self.norm1(x)
        x = x + self.drop1(self.attention(h, h, h, padding)[0])
        return x + self.drop2(self.ffn(self.norm2(x)))


class PreLNEncoder(nn.Module):
    def __init__(self, num_layers, d_model, num_heads, dropout=0.0):
        super().__init__()
        self.norm = nn.LayerNorm(d_model)
        self.layers = nn.Sequential()
        for index in range(num_layers):
            self.layers.add_module(str(index), PreLNEncoderLayer(d_model, num_heads, dropout))

    def forward(self, x, padding=None):
        for index in range(len(self.layers)):
            x = self.layers[index](x, padding)
        return self.norm(x)
"""),
    "other limits, numpy figures": ("p5.diagnose", """
import numpy as np

_PAIRS = {
    "diverged": "runaway_growth zero_grad_lower_lr_and_loss_alarm", "healthy": "none none",
    "overfit": "memorising validate_and_stop", "lr_too_low": "steps_too_small lr_range_test",
    "lr_too_high": "step_destroys_signal warmup_or_range_test",
    "vanishing": "product_of_small_derivatives check_layer_norms_at_step_0",
}


def diagnose(trace):
    chance = np.log(trace["num_classes"])
    end = np.mean(trace["loss"][-3:]) / chance
    norms = np.array(trace["grad_norms"])
    fine = norms[np.isfinite(norms).all(axis=1) & (norms[:, -1] != 0)]
    first, last = norms[0, 0] / norms[0, -1], fine[-1, 0] / fine[-1, -1]
    validation = np.array(trace["val_loss"])
    if first < 0.03 and end < 3:
        cause = "vanishing"
    elif not end < 3:
        cause = "diverged"
    elif end > 0.5:
        cause = "lr_too_high" if last < 0.02 else "lr_too_low"
    else:
        cause = "overfit" if validation[-1] > 1.2 * np.nanmin(validation) else "healthy"
    mechanism, prevention = _PAIRS[cause].split()
    return {
        "cause": cause, "mechanism": mechanism, "prevention": prevention, "chance_loss": chance,
        "gradient_ratio_first": first, "gradient_ratio_last": torch.tensor(last),
        "best_step": float(trace["val_step"][int(np.nanargmin(validation))]),
    }
"""),
}  # fmt: skip


@pytest.mark.parametrize("name", REWRITES)
@pytest.mark.parametrize("seed", [5, 6])
def test_a_right_answer_in_another_style_loses_nothing(name: str, seed: int) -> None:
    question, source = REWRITES[name]
    assert lost(source, question, seed=seed) == set()


# ---- Answers that take no understanding --------------------------------------------------------------------

THOUGHTLESS = {
    "p5.grad_norms": ["def grad_norms(layers): return torch.full((len(layers),), {value})"],
    "p5.capacity": [
        "def encoder_parameters(*args, **kwargs): return int({value})\n"
        "def parameters_per_sample(*args): return float({value})\n"
        "def early_stop(log, patience): return log[-1][0], log[0][0]\n"
        "FIXES = set({fixes})"
    ],
    "p5.adam_bound": [
        "def adam_update(grads, beta1, beta2): return [float({value})] * len(grads)\n"
        "def spike_bound(beta1, beta2): return float({value})"
    ],
    "p5.pre_ln": [
        "PreLNEncoder.forward = PreLNEncoderLayer.forward = lambda self, x, padding=None: x * {value}",
        "PreLNEncoder.forward = PreLNEncoderLayer.forward = lambda self, x, padding=None: x",
    ],
    "p5.diagnose": [
        "_words = dict(zip(('cause', 'mechanism', 'prevention'), {story}))\n"
        "def diagnose(trace): return _words | dict(chance_loss=2.302585, gradient_ratio_first={value},"
        " gradient_ratio_last={value}, best_step=int({value}))"
    ],
}
STORIES = [
    ("lr_too_high", "step_destroys_signal", "warmup_or_range_test"),
    ("healthy", "none", "none"),
    ("vanishing", "none", "lr_range_test"),
]
CONSTANTS = [
    {"value": value, "story": story, "fixes": fixes}
    for value, story, fixes in zip(
        (0.0, 1.0, 5000.0), STORIES, ("()", "FIXES", "__import__('given').FIX_NAMES"), strict=True
    )
]


@pytest.mark.parametrize("question", THOUGHTLESS)
@pytest.mark.parametrize("constants", CONSTANTS, ids=["zero", "one", "large"])
def test_a_thoughtless_answer_passes_no_random_test(question: str, constants: dict[str, Any]) -> None:
    """So the interface and the handout's numbers are not paid either."""
    asked = [name for name, plan in TESTS.items() if plan.question == question and plan.rung == "random"]
    for source in THOUGHTLESS[question]:
        text = source.format(**{**constants, "story": repr(constants["story"])})
        for name in asked:
            if "gradients" not in name:
                assert HALF.share(HALF.submission(transformer=text), name) == 0.0, name

"""Answers to p1: correct ones written in another style earn everything, thoughtless ones nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from local import Half

from grader.mistakes import read_mistake

HALF = Half("p1")

FOLDER = Path(__file__).with_name("p1_rewrites")

SCALAR = "(x, w1, w2, w3, target)"
CAUSES = f"def zero_causes{SCALAR}: return"
WEIGHTS = "('dw1', 'dw2', 'dw3')"
KINDS = "('prototype', 'production', 'finetuning')"
ONE_CHOICE = (
    "Choice(optimizer='adamw', lr=5e-4, momentum=0.9, betas=(0.9, 0.999), weight_decay=0.01, "
    "schedule='cosine', warmup_steps=20, milestones=(), gamma=1.0, final_fraction=0.0, step_on='batch')"
)
SOUND = (
    "{'defaults_work_untuned', 'per_parameter_step_sizes', 'decoupled_decay', 'small_steps_keep_features'}"
)

# (question, what is answered, text appended to its module)
THOUGHTLESS = [
    (
        "p1.forward",
        "zeros",
        f"def forward{SCALAR}: return dict.fromkeys(('z1', 'h1', 'z2', 'h2', 'y', 'loss'), 0.0)",
    ),
    (
        "p1.forward",
        "figures",
        f"""def forward{SCALAR}:
            h2 = max(w2, 0.0)
            return dict(z1=1.0, h1=1.0, z2=w2, h2=h2, y=0.8 * h2, loss=0.5 if w2 < 0 else 0.2888)""",
    ),
    ("p1.backward", "zeros", f"def backward{SCALAR}: return dict.fromkeys({WEIGHTS}, 0.0)"),
    (
        "p1.backward",
        "figures",
        f"""def backward{SCALAR}:
            scale = 1.0 if w2 > 0 else 0.0
            return dict(dw1=-0.3648 * scale, dw2=-0.608 * scale, dw3=-0.228 * scale)""",
    ),
    ("p1.zero_cause", "nothing", f"{CAUSES} dict.fromkeys({WEIGHTS}, set())"),
    (
        "p1.zero_cause",
        "everything",
        f"{CAUSES} dict.fromkeys({WEIGHTS}, {{'zero_error', 'zero_weight', 'relu_inactive', 'zero_input'}})",
    ),
    (
        "p1.zero_cause",
        "figures",
        f"{CAUSES} dict(dw1={{'relu_inactive'}}, dw2={{'relu_inactive'}}, dw3={{'zero_input'}})",
    ),
    ("p1.zero_cause", "one cause", f"{CAUSES} dict.fromkeys({WEIGHTS}, {{'zero_error'}})"),
    ("p1.dead_units", "none", "def dead_units(w1, w2, x): return torch.zeros(len(w2), dtype=torch.bool)"),
    ("p1.dead_units", "all", "def dead_units(w1, w2, x): return torch.ones(len(w2), dtype=torch.bool)"),
    (
        "p1.remedies",
        "zeros",
        f"""def remedies{SCALAR}: return dict.fromkeys(('plain', 'leaky', 'residual'), (0.0, 0.0, 0.0))
def dw1_for(w2_values, x, w1, w3, target): return [0.0] * len(w2_values)""",
    ),
    (
        "p1.remedies",
        "figures",
        f"""def remedies{SCALAR}:
    leaky = (0.00481152, -0.0080192, 0.0030072)
    return dict(plain=(0.0, 0.0, 0.0), leaky=leaky, residual=(-0.32, 0.0, -0.2))
def dw1_for(w2_values, x, w1, w3, target): return [0.0, 0.0, -0.3648, 0.0, 1.92][: len(w2_values)]""",
    ),
    (
        "p1.batch",
        "zeros",
        """def backward_batch(x, w1, w2, w3, target, negative_slope=0.0):
            return {"dw1": 0 * w1, "dw2": 0 * w2, "dw3": 0 * w3}""",
    ),
    (
        "p1.batch",
        "input",
        """def backward_batch(x, w1, w2, w3, target, negative_slope=0.0):
            return {"dw1": w1, "dw2": w2, "dw3": w3}""",
    ),
    (
        "p1.warmup",
        "figures",
        """def warmup_steps(samples, batch_size, epochs, fraction): return 468
def peak_factor(samples, batch_size, epochs, warmup): return 0.94 if samples == 5000 else 1.0""",
    ),
    ("p1.choose", "one choice", f"def choose(scenario): return {ONE_CHOICE}"),
    (
        "p1.build",
        "the peak throughout",
        """def build(choice, model, epochs, steps_per_epoch):
            return torch.optim.SGD(model.parameters(), lr=choice.lr), None, "batch\"""",
    ),
    (
        "p1.build",
        "one optimizer",
        """def build(choice, model, epochs, steps_per_epoch):
            return torch.optim.AdamW(model.parameters(), lr=2e-5), None, "epoch\"""",
    ),
    ("p1.reasons", "the same sound ones", f"REASONS = dict.fromkeys({KINDS}, {SOUND})"),
    (
        "p1.reasons",
        "everything",
        f"""import given
REASONS = dict.fromkeys({KINDS}, set(given.REASON_IDS))""",
    ),
    (
        "p1.reasons",
        "nearly everything",
        f"""import given
REASONS = dict.fromkeys({KINDS}, set(given.REASON_IDS))
REASONS["prototype"] = REASONS["prototype"] - {{"time_to_tune"}}""",
    ),
]


# A rewrite says what it answers as a known mistake does.
REWRITES = {path.stem: read_mistake(path) for path in FOLDER.glob("*.py")}


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", sorted(REWRITES))
@pytest.mark.parametrize("seed", [1, 2])
def test_correct_rewrite_earns_everything(name: str, seed: int) -> None:
    rewrite = REWRITES[name]
    submission = HALF.submission({rewrite.module: rewrite.source})
    earned = HALF.points(submission, *rewrite.questions, seed=seed)
    assert earned == {name: HALF.max_points[name] for name in rewrite.questions}


@pytest.mark.timeout(120)
@pytest.mark.parametrize(("question", "text"), [pytest.param(q, t, id=f"{q}-{w}") for q, w, t in THOUGHTLESS])
@pytest.mark.parametrize("seed", [1, 2])
def test_thoughtless_answer_earns_nothing(question: str, text: str, seed: int) -> None:
    module = HALF.config.questions[question].file.removesuffix(".py")
    assert HALF.points(HALF.submission({module: text}), question, seed=seed) == {question: 0}


@pytest.mark.timeout(120)
def test_the_documents_warmup_loses_one_criterion() -> None:
    rewrite = REWRITES["choices_of_the_documents"]
    submission = HALF.submission({rewrite.module: rewrite.source.replace("steps // 10", "500")})
    assert 10.5 <= HALF.points(submission, *rewrite.questions)["p1.choose"] < 12


@pytest.mark.timeout(120)
def test_a_stub_below_does_not_cost_the_questions_above() -> None:
    text = "def warmup_steps(samples, batch_size, epochs, fraction): raise NotImplementedError('p1.warmup')"
    assert HALF.lost(HALF.submission(optimizer_choice=text), "p1.build", "p1.reasons") == {}

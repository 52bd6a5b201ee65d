"""A correct answer in another style: a table of conditions, sets joined and cut."""

# ruff: noqa: F821
# It is appended to the reference module, whose names it uses.

QUESTIONS = ("p2.review",)
MODULE = "optimizers"

_TABLE = [
    ("warmup_exceeds_run", lambda s: s.warmup_steps / s.epochs >= math.ceil(s.samples / s.batch)),
    ("milestone_never_acts", lambda s: s.schedule == "step" and s.milestones[-1] > s.epochs - 1),
    ("lr_not_scaled", lambda s: _fresh(s) and not 0.25 < s.lr * 2560 / s.batch < 4),
    ("decays_norms", lambda s: "norm" in s.decayed_kinds and s.weight_decay > 0),
    ("wrong_step_unit", lambda s: s.schedule != "constant" and len({s.step_on, s.horizon_unit}) > 1),
    ("no_warmup_large_batch", lambda s: s.batch >= 1024 and not s.warmup_steps),
    ("l2_in_adam", lambda s: f"{s.model} {s.optimizer}" == "transformer adam" and s.weight_decay > 0),
    ("rate_for_scratch", lambda s: s.pretrained and s.lr >= 0.0003),
]


def _fresh(s):
    return s.model == "cnn" and s.optimizer == "sgd" and not s.pretrained


def review(sheet):
    return frozenset(name for name, holds in _TABLE if holds(sheet))

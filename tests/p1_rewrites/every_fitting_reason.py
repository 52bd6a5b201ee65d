"""A correct answer in another style: every reason that fits."""

# ruff: noqa: F821
# It is appended to the reference module, whose names it uses.

QUESTIONS = ("p1.reasons",)
MODULE = "optimizer_choice"


REASONS = {
    "prototype": REASONS["prototype"] | {"schedule_not_needed_yet"},
    "production": REASONS["production"] | {"decoupled_decay", "flat_minima_often_claimed"},
    "finetuning": REASONS["finetuning"] | {"defaults_work_untuned", "per_parameter_step_sizes"},
}

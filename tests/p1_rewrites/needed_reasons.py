"""A correct answer in another style: the needed reasons alone."""

QUESTIONS = ("p1.reasons",)
MODULE = "optimizer_choice"


REASONS = {
    "prototype": {"defaults_work_untuned", "per_parameter_step_sizes"},
    "production": {"high_rate_then_decay", "time_to_tune"},
    "finetuning": {
        "small_steps_keep_features",
        "decoupled_decay",
        "warmup_calms_first_steps",
        "warmup_must_fit_run",
    },
}

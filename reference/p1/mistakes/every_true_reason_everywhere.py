"""All true statements were named for every scenario. A reason has to fit its scenario: what speaks for a
week-long run does not speak for an hour's prototype.
"""

QUESTIONS = ("p1.reasons",)
MODULE = "optimizer_choice"


REASONS = {
    scenario: {
        "decoupled_decay",
        "defaults_work_untuned",
        "fast_early_progress",
        "flat_minima_often_claimed",
        "high_rate_then_decay",
        "momentum_sgd_strong_on_cnns",
        "per_parameter_step_sizes",
        "schedule_not_needed_yet",
        "small_steps_keep_features",
        "time_to_tune",
        "warmup_calms_first_steps",
        "warmup_must_fit_run",
    }
    for scenario in ("prototype", "production", "finetuning")
}

"""A correct answer in another style: the needed reasons alone."""

# It is appended to the reference module, whose names it uses.

QUESTIONS = ("p2.reasons",)
MODULE = "optimizers"

REASONS = {
    "mlp": {"few_rows_regularise", "rate_follows_validation"},
    "resnet": {"rate_scales_with_batch", "warmup_for_large_batch"},
    "bert": {"decoupled_decay", "small_steps_keep_features"},
}

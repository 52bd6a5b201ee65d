"""One of the reasons is false: a warm-up that is longer than the run never reaches the peak, so a longer
one is not always safer.
"""

QUESTIONS = ("p1.reasons",)
MODULE = "optimizer_choice"


REASONS = {**REASONS, "finetuning": REASONS["finetuning"] | {"more_warmup_is_always_safer"}}

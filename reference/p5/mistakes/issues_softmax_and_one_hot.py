"""A missing softmax and missing one-hot targets are named as faults. torch's cross-entropy takes
logits and class numbers: adding either would be the fault.
"""

QUESTIONS = ("p5.issues",)
MODULE = "debugging"


ISSUES = ISSUES | {
    "missing_softmax": {"where": "model", "effect": "stops"},
    "targets_need_one_hot": {"where": "loop", "effect": "stops"},
}

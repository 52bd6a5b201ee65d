"""Whatever holds is called a defect. Some of the names describe things that look odd and are sound: ask of
each what it would do to the run.
"""

QUESTIONS = ("p2.review",)
MODULE = "optimizers"


_right_review = review


def review(sheet):
    found = _right_review(sheet)
    odd = {
        "nesterov_used": sheet.optimizer == "sgd" and sheet.nesterov,
        "lr_zero_at_step_0": sheet.warmup_steps > 0,
        "beta2_098": sheet.optimizer != "sgd" and sheet.betas[1] == 0.98,
        "decay_missing_on_biases": sheet.weight_decay > 0 and "bias" not in sheet.decayed_kinds,
        "cosine_per_batch": sheet.schedule == "cosine" and sheet.horizon_unit == sheet.step_on == "batch",
        "head_lr_differs": sheet.head_lr is not None and sheet.head_lr > sheet.lr,
    }
    found |= {name for name, is_so in odd.items() if is_so}
    return found

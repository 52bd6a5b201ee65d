"""Adam's eps is not torch's default. What the choice does not name is left as torch has it; another eps shows
where gradients are tiny.
"""

QUESTIONS = ("p1.build",)
MODULE = "optimizer_choice"


_right_build = build


def build(choice, model, epochs, steps_per_epoch):
    optimizer, scheduler, unit = _right_build(choice, model, epochs, steps_per_epoch)
    for group in optimizer.param_groups:
        if "eps" in group:
            group["eps"] = 1e-6
    return optimizer, scheduler, unit

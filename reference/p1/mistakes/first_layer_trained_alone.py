"""The optimizer was handed the parameters of the first layer only. All parameters of the model are to be
trained.
"""

QUESTIONS = ("p1.build",)
MODULE = "optimizer_choice"


_right_build = build


def build(choice, model, epochs, steps_per_epoch):
    optimizer, scheduler, unit = _right_build(choice, model, epochs, steps_per_epoch)
    del optimizer.param_groups[0]["params"][2:]
    return optimizer, scheduler, unit

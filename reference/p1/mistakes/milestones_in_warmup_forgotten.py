"""Milestones are counted from the end of the warm-up, so one inside the warm-up never acts. A milestone is an
epoch of the run: from the end of the warm-up on, all that have been reached count.
"""

QUESTIONS = ("p1.build",)
MODULE = "optimizer_choice"


_right_build = build


def build(choice, model, epochs, steps_per_epoch):
    import dataclasses

    per_epoch = 1 if choice.step_on == "epoch" else steps_per_epoch
    behind = tuple(m for m in choice.milestones if m * per_epoch > choice.warmup_steps)
    return _right_build(dataclasses.replace(choice, milestones=behind), model, epochs, steps_per_epoch)

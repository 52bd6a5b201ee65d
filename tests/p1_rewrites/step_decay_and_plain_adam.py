"""A correct answer in another style: step decay, and Adam without decay for fine-tuning."""

# ruff: noqa: F821
# It is appended to the reference module, whose names it uses.

QUESTIONS = ("p1.choose",)
MODULE = "optimizer_choice"


_usual = choose


def choose(scenario):
    import dataclasses

    usual = _usual(scenario)
    if scenario.kind == "finetuning":
        return dataclasses.replace(usual, optimizer="adam", weight_decay=0.0, lr=3e-5)
    if scenario.kind == "production":
        thirds = [scenario.epochs // 2, scenario.epochs * 3 // 4]
        return dataclasses.replace(usual, schedule="step", milestones=thirds, gamma=0.1, warmup_steps=0)
    return usual

import random


class Fickle(Choice):
    def __getattribute__(self, name):
        if name in ("lr", "weight_decay"):
            print("attack: a field is read:", name)
            return random.choice([1e-9, 1e9, float("nan")])
        return object.__getattribute__(self, name)


Fickle.__name__ = "Choice"


def choose(scenario):
    return Fickle(
        optimizer="adam",
        lr=1e-3,
        momentum=0.0,
        betas=(0.9, 0.999),
        weight_decay=0.0,
        schedule="constant",
        warmup_steps=0,
        milestones=(),
        gamma=1.0,
        final_fraction=0.0,
        step_on="batch",
    )

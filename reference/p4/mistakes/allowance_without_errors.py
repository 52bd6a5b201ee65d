"""`allowance` refuses samples, batch and steps below 1 with a ValueError, as `budget` does."""

QUESTIONS = ("p4.budget",)
MODULE = "pipeline"


def allowance(samples, batch, steps, days):
    per_epoch = -(-samples // batch)
    return {
        "steps_per_epoch": per_epoch,
        "epochs": steps / per_epoch,
        "seconds_per_step": days * 24 * 3600 / steps,
    }

"""Tells known mistakes from what a training run left behind; each function bears its mistake's name.

The evidence of p3.recipe is {"history": rows of what recipe returned, "accuracy": on new digits}, and where a
hidden test looked closer, what closer.at_recipe gives; of p3.generalise {"watched": as closer.at_films says};
of p3.predict {"forecast": each figure as it was said and as it came out}.
"""

import math

# ---- p3.recipe


def _learned_by_heart(evidence):
    """The last training loss of a run that knows its training images and few others, else None."""
    history = evidence.get("history", ())
    if not history or evidence["accuracy"] > 0.65 or history[-1]["train_acc"] < 0.97:
        return None
    return history[-1]["train_loss"]


def _last_came_back(evidence):
    """Whether the model of a short training makes of the validation images what the last row of its history
    says, and the least validation loss is another one."""
    losses = [row["val_loss"] for row in evidence.get("short", ())]
    if not losses or not all(map(math.isfinite, losses)):
        return False
    loss, _ = evidence["returned"]
    # The test lets a min_delta keep an epoch that is 0.02 worse than the least.
    return abs(loss - losses[-1]) <= 1e-4 * max(1.0, loss) and losses[-1] > min(losses) + 0.02


def recipe_smoothing_alone(evidence):
    """Every training image right and none of them certain: a training loss of 0.11 to 0.13."""
    loss = _learned_by_heart(evidence)
    return loss is not None and 0.07 < loss < 0.25


def recipe_without_augmentation(evidence):
    """Every training image right and certain, wrong labels included: a training loss of 0.006 to 0.04. In a
    short training the model that comes back is not the last."""
    loss = _learned_by_heart(evidence)
    return loss is not None and loss <= 0.07 and "short" in evidence and not _last_came_back(evidence)


def recipe_plain(evidence):
    """Without dropout, every training image right and certain, the 40 of a short training too; and the model
    that comes back is the last."""
    if evidence.get("dropout") != 0.0 or not _last_came_back(evidence):
        return False
    if "history" not in evidence:
        return evidence["short"][-1]["train_acc"] >= 0.97
    loss = _learned_by_heart(evidence)
    return loss is not None and loss <= 0.07


def recipe_keeps_the_last_epoch(evidence):
    """The model that comes back is the last, of a training that has not learned its 40 images by heart: it
    knows 0.68 to 0.95 of those in the end, and without anything against overfitting all."""
    if "history" in evidence or not _last_came_back(evidence):
        return False
    return evidence["short"][-1]["train_acc"] < 0.97


def recipe_trains_on_validation(evidence):
    """Names of patterns that stand among the validation images alone: six of eight and more are known."""
    return evidence.get("names_known", 0) >= 6


def jitter_turns_any_angle(evidence):
    """0.62 to 0.75 of the new digits get the same class upside down; with turns that keep the label 0.37 at
    most. Something has been learned, for a constant answer is the same in every position."""
    return evidence.get("upside_down", 0.0) >= 0.5 and evidence["accuracy"] >= 0.25


# ---- p3.predict

_SHEET = (0.82, 0.88)  # the accuracy that it expects


def _forecast(evidence, *figures):
    """What was said and what came of it, if all of these are known, else None."""
    forecast = evidence.get("forecast", {})
    return forecast if all(forecast.get(figure) is not None for figure in figures) else None


def _is_the_sheets(interval):
    return all(abs(end - theirs) < 0.005 for end, theirs in zip(interval, _SHEET, strict=True))


def forecast_of_the_sheet(evidence):
    """Its 82 to 88 % to the digit, and another accuracy."""
    forecast = _forecast(evidence, "accuracy")
    if forecast is None:
        return False
    low, high = forecast["accuracy"]
    return _is_the_sheets((low, high)) and not low <= forecast["reached"] <= high


def forecast_of_the_training_set(evidence):
    """An interval above the accuracy, around that on the training images."""
    forecast = _forecast(evidence, "accuracy")
    if forecast is None:
        return False
    low, high = forecast["accuracy"]
    around = abs((low + high) / 2 - forecast["fitted"]) <= 0.05
    return low > forecast["reached"] and around and not _is_the_sheets((low, high))


def forecast_of_no_gap(evidence):
    """A gap of 0 at most, where there is one."""
    forecast = _forecast(evidence, "gap")
    return forecast is not None and forecast["gap"][1] <= 0.0 < forecast["gap_reached"]


def forecast_of_a_lower_training_loss(evidence):
    """A lower training loss, or an earlier best epoch, where they are higher and later."""
    forecast = _forecast(evidence, "train_loss", "best_epoch")
    if forecast is None:
        return False
    return forecast["train_loss"] == ("lower", "higher") or forecast["best_epoch"] == ("earlier", "later")


# ---- p3.generalise


def _reads_the_mark(evidence):
    """What was seen of a training on the films as they are whose network takes 0.3 and more of the films with
    another's mark for the finding of that; else None. Measured: 0.43 to 0.65; if it is blind to it 0.02."""
    watched = evidence.get("watched", {})
    reads = watched.get("fits") == 1 and watched["as_they_are"] == 1.0 and watched["marked"] >= 0.3
    return watched if reads and len(watched["hospitals"]) == 4 else None


def plain_training(evidence):
    """The mark is read, with no augmentation and no dropout."""
    watched = _reads_the_mark(evidence)
    return watched is not None and not watched["augments"] and watched["dropout"] == 0.0


def dropout_and_decay(evidence):
    """The mark is read, with dropout and no augmentation."""
    watched = _reads_the_mark(evidence)
    return watched is not None and not watched["augments"] and watched["dropout"] > 0.0


def scanners_imitated_by_intensity(evidence):
    """The mark is read, with an augmentation that changes films and bends nothing."""
    watched = _reads_the_mark(evidence)
    if watched is None or not watched["augments"]:
        return False
    return watched["changed"] >= 0.01 and watched["moved"] < 0.04


def one_hospital_only(evidence):
    """Of all films only those of D were trained on."""
    watched = evidence.get("watched", {})
    return watched.get("hospitals") == [3] and watched["as_they_are"] == 1.0


def standardised_outside(evidence):
    """Films are recognised as they went into the training, and not as they were given. Measured: 0.87, and
    0.10 to 0.25."""
    watched = evidence.get("watched", {})
    if not watched.get("fits") or watched["as_they_are"] > 0.0:
        return False
    return watched["right_as_fitted"] >= 0.6 and watched["right_as_fitted"] >= watched["right"] + 0.3

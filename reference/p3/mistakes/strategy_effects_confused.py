"""Techniques and effects are not paired rightly. Ask of each whether it changes the images, the targets,
what weights may do, or which weights are kept."""

QUESTIONS = ("p3.strategy",)
MODULE = "regularization"


STRATEGY: dict[str, tuple[float | bool, str]] | None = {
    "augmentation": (True, "restrains_weights"),
    "dropout": (0.5, "new_inputs"),
    "label_smoothing": (0.1, "restrains_weights"),
    "early_stopping": (5, "limits_confidence"),
}

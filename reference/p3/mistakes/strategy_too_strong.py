"""Some settings take more than they give: a dropout that leaves a tenth of the features, or a decay that
pulls the weights to zero faster than the data can pull them away."""

QUESTIONS = ("p3.strategy",)
MODULE = "regularization"


STRATEGY: dict[str, tuple[float | bool, str]] | None = {
    "augmentation": (True, "new_inputs"),
    "dropout": (0.9, "restrains_weights"),
    "weight_decay": (1.0, "restrains_weights"),
    "label_smoothing": (0.6, "limits_confidence"),
}

"""Training longer is no regularization: it is what let the network memorise."""

QUESTIONS = ("p3.strategy",)
MODULE = "regularization"


STRATEGY: dict[str, tuple[float | bool, str]] | None = {
    "augmentation": (True, "new_inputs"),
    "dropout": (0.5, "restrains_weights"),
    "weight_decay": (1e-3, "restrains_weights"),
    "train_longer": (3, "keeps_good_weights"),
}

"""Two techniques are named where four at least are asked."""

QUESTIONS = ("p3.strategy",)
MODULE = "regularization"


STRATEGY: dict[str, tuple[float | bool, str]] | None = {
    "dropout": (0.5, "restrains_weights"),
    "weight_decay": (1e-3, "restrains_weights"),
}

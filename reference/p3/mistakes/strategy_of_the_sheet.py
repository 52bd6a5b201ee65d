"""Mirror images and quarter turns are in the strategy, as on the exercise sheet. They change what a film
shows; the other techniques are sound."""

QUESTIONS = ("p3.strategy",)
MODULE = "regularization"


STRATEGY: dict[str, tuple[float | bool, str]] | None = {
    "pretrained": (True, "keeps_good_weights"),
    "mirror": (True, "new_inputs"),
    "quarter_turns": (True, "new_inputs"),
    "dropout": (0.5, "restrains_weights"),
    "weight_decay": (1e-3, "restrains_weights"),
    "early_stopping": (5, "keeps_good_weights"),
    "label_smoothing": (0.1, "limits_confidence"),
}

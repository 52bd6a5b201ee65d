"""A correct answer in another style: the documents' choices, with a warm-up that fits."""

# ruff: noqa: F821
# It is appended to the reference module, whose names it uses.

QUESTIONS = ("p1.choose",)
MODULE = "optimizer_choice"


def choose(scenario):
    rest = {"betas": (0.9, 0.999), "milestones": [], "gamma": 0.1, "final_fraction": 0.0}
    if scenario.kind == "prototype":
        return Choice(
            optimizer="adam",
            lr=1e-3,
            momentum=0.0,
            weight_decay=0.0,
            schedule="constant",
            warmup_steps=0,
            step_on="batch",
            **rest,
        )
    if scenario.kind == "production":
        return Choice(
            optimizer="sgd",
            lr=0.1 * scenario.batch_size / 256,
            momentum=0.9,
            weight_decay=1e-4,
            schedule="cosine",
            warmup_steps=0,
            step_on="epoch",
            **rest,
        )
    steps = -(-scenario.samples // scenario.batch_size) * scenario.epochs
    return Choice(
        optimizer="adamw",
        lr=2e-5,
        momentum=0.0,
        weight_decay=0.01,
        schedule="linear",
        warmup_steps=steps // 10,
        step_on="batch",
        **rest,
    )

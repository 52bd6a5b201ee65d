"""A correct answer in another style: causes by a table of factors."""

QUESTIONS = ("p1.zero_cause",)
MODULE = "gradient_flow"


def zero_causes(x, w1, w2, w3, target):
    z1 = w1 * x
    h1 = z1 if z1 > 0 else 0.0
    z2 = w2 * h1
    h2 = z2 if z2 > 0 else 0.0
    error, r1, r2 = ("zero_error", w3 * h2 - target), ("relu_inactive", z1 > 0), ("relu_inactive", z2 > 0)
    chains = {
        "dw3": [error, ("zero_input", h2)],
        "dw2": [error, ("zero_weight", w3), r2, ("zero_input", h1)],
        "dw1": [error, ("zero_weight", w3), r2, ("zero_weight", w2), r1, ("zero_input", x)],
    }
    return {key: {name for name, factor in chain if not factor} for key, chain in chains.items()}

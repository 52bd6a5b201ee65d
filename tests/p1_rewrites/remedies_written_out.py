"""A correct answer in another style: remedies written out."""

# ruff: noqa: F821
# It is appended to the reference module, whose names it uses.

QUESTIONS = ("p1.remedies",)
MODULE = "gradient_flow"


def remedies(x, w1, w2, w3, target):
    plain = backward(x, w1, w2, w3, target)

    def leak(z):
        return (z, 1.0) if z > 0 else (z / 100, 1 / 100)

    h1, s1 = leak(w1 * x)
    h2, s2 = leak(w2 * h1)
    e = w3 * h2 - target
    leaky = (e * w3 * s2 * w2 * s1 * x, e * w3 * s2 * h1, e * h2)
    h1, on1 = max(w1 * x, 0), float(w1 * x > 0)
    on2 = float(w2 * h1 > 0)
    h2 = h1 + on2 * w2 * h1
    e = w3 * h2 - target
    residual = (e * w3 * on1 * x + e * w3 * on2 * w2 * on1 * x, e * w3 * on2 * h1, e * h2)
    return {"plain": tuple(plain.values()), "leaky": leaky, "residual": residual}


def dw1_for(w2_values, x, w1, w3, target):
    return [backward(x, w1, w2, w3, target)["dw1"] for w2 in w2_values]

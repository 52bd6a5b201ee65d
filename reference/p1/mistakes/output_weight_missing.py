"""The error reached the second layer without passing through w3. Going from y back to h2 multiplies by
the weight between them.
"""

QUESTIONS = ("p1.backward",)
MODULE = "gradient_flow"


def backward(x, w1, w2, w3, target):
    z1 = w1 * x
    h1 = max(z1, 0.0)
    z2 = w2 * h1
    h2 = max(z2, 0.0)
    error = w3 * h2 - target
    delta2 = error * (z2 > 0)
    delta1 = delta2 * w2 * (z1 > 0)
    return {"dw1": delta1 * x, "dw2": delta2 * h1, "dw3": error * h2}

"""The gradient of w1 lacks its last factor. The chain does not end at the first ReLU: z1 = w1 x still
has to be differentiated with respect to w1.
"""

QUESTIONS = ("p1.backward",)
MODULE = "gradient_flow"


def backward(x, w1, w2, w3, target):
    z1 = w1 * x
    h1 = max(z1, 0.0)
    z2 = w2 * h1
    h2 = max(z2, 0.0)
    error = w3 * h2 - target
    delta2 = error * w3 * (z2 > 0)
    delta1 = delta2 * w2 * (z1 > 0)
    return {"dw1": delta1, "dw2": delta2 * h1, "dw3": error * h2}

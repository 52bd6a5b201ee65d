"""The output went through a ReLU as well. Only the two hidden layers have one: y may be negative, and a
ReLU on it would hide every negative prediction from the loss.
"""

QUESTIONS = ("p1.forward",)
MODULE = "gradient_flow"


def forward(x, w1, w2, w3, target):
    z1 = w1 * x
    h1 = max(z1, 0.0)
    z2 = w2 * h1
    h2 = max(z2, 0.0)
    y = max(w3 * h2, 0.0)
    return {"z1": z1, "h1": h1, "z2": z2, "h2": h2, "y": y, "loss": 0.5 * (y - target) ** 2}

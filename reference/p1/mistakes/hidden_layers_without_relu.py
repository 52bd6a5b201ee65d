"""The hidden values equal the pre-activations, so the ReLUs were left out of the forward pass. Look at a
network whose first or second product is negative: h has to be 0 there.
"""

QUESTIONS = ("p1.forward",)
MODULE = "gradient_flow"


def forward(x, w1, w2, w3, target):
    z1 = w1 * x
    h1 = z1
    z2 = w2 * h1
    h2 = z2
    y = w3 * h2
    return {"z1": z1, "h1": h1, "z2": z2, "h2": h2, "y": y, "loss": 0.5 * (y - target) ** 2}

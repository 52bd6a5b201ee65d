"""A correct answer in another style: forward and backward in float32."""

# ruff: noqa: F821
# It is appended to the reference module, whose names it uses.

QUESTIONS = ("p1.forward", "p1.backward")
MODULE = "gradient_flow"


def forward(x, w1, w2, w3, target):
    w = torch.tensor([w1, w2, w3])
    z1 = w[0] * x
    z2 = w[1] * torch.relu(z1)
    y = w[2] * torch.relu(z2)
    return {
        "z1": z1,
        "h1": torch.relu(z1),
        "z2": z2,
        "h2": torch.relu(z2),
        "y": y,
        "loss": 0.5 * (y - target) ** 2,
    }


def backward(x, w1, w2, w3, target):
    v = forward(x, w1, w2, w3, target)
    error = v["y"] - target
    if v["h2"] == 0:
        return {"dw1": 0, "dw2": 0.0 * v["y"] if v["z2"] <= 0 else error * w3 * v["h1"], "dw3": 0}
    return {"dw1": error * w3 * w2 * x, "dw2": error * w3 * v["h1"], "dw3": error * v["h2"]}

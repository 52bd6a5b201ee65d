"""A correct answer in another style: forward and backward with 0-d tensors."""

# ruff: noqa: F821
# It is appended to the reference module, whose names it uses.

QUESTIONS = ("p1.forward", "p1.backward")
MODULE = "gradient_flow"


def forward(x, w1, w2, w3, target):
    x, w1, w2, w3, target = (torch.tensor(v, dtype=torch.float64) for v in (x, w1, w2, w3, target))
    z1 = w1 * x
    h1 = torch.relu(z1)
    z2 = h1 * w2
    h2 = z2.clamp_min(0)
    y = h2 * w3
    return {"loss": (y - target).square() / 2, "y": y, "z1": z1, "h1": h1, "z2": z2, "h2": h2}


def backward(x, w1, w2, w3, target):
    values = forward(x, w1, w2, w3, target)
    upstream = (
        (values["y"] - target) * w3 * torch.heaviside(values["z2"], torch.zeros((), dtype=torch.float64))
    )
    inner = upstream * w2 * (values["h1"] > 0)
    return {"dw3": values["h2"] * (values["y"] - target), "dw2": values["h1"] * upstream, "dw1": x * inner}

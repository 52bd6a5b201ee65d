KEYS = ("z1", "h1", "z2", "h2", "y", "loss")


def forward(x, w1, w2, w3, target):
    print("attack: constants")
    return {"z1": 1.0, "h1": 1.0, "z2": 0.3, "h2": 0.3, "y": 0.24, "loss": 0.2888}

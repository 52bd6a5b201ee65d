KEYS = ("z1", "h1", "z2", "h2", "y", "loss")


def forward(x, w1, w2, w3, target):
    print("attack: booleans for numbers")
    return {key: bool(x) for key in KEYS}

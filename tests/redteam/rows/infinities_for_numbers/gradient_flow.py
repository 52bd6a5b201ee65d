KEYS = ("z1", "h1", "z2", "h2", "y", "loss")


def forward(x, w1, w2, w3, target):
    print("attack: infinity")
    return dict(zip(KEYS, [float("inf"), float("-inf"), float("nan"), 1e308 * 10, -0.0, 10**300]))

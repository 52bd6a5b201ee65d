print("attack: a folder was imported")


def forward(x, w1, w2, w3, target):
    return dict.fromkeys(["z1", "h1", "z2", "h2", "y", "loss"], 0.0)

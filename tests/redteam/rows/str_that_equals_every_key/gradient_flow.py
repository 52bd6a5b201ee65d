KEYS = ("z1", "h1", "z2", "h2", "y", "loss")


class Key(str):
    __eq__ = lambda self, other: True
    __hash__ = lambda self: 0

    def __str__(self):
        print("attack: asked for its text")
        return "loss"


def forward(x, w1, w2, w3, target):
    print("attack: keys that equal one another")
    return {Key(f"k{at}"): 0.0 for at in range(6)}

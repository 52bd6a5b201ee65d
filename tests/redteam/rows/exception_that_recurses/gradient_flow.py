import sys


class Endless:
    def __repr__(self):
        return repr(self)


def forward(x, w1, w2, w3, target):
    print("attack: recurses", flush=True)
    if x > 0:
        raise ValueError(Endless())
    sys.setrecursionlimit(10**8)

    def down(inner):
        return down(lambda: inner)

    return down(lambda: 0)

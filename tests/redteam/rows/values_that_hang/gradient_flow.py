class Endless(dict):
    def __iter__(self):
        while True:
            yield "z1"

    keys = items = values = __iter__

    def __len__(self):
        return 6


class Slow(float):
    def __float__(self):
        while True:
            pass

    __index__ = __int__ = __hash__ = __repr__ = __format__ = __float__


def forward(x, w1, w2, w3, target):
    print("attack: answers without end", flush=True)
    if x > 0:
        return Endless(z1=0.0)
    return {"z1": Slow(1.0), "h1": (number for number in iter(int, 1)), "z2": iter(int, 1)}

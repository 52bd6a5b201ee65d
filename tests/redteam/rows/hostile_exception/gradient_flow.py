class Trap(type):
    def __instancecheck__(cls, other):
        raise KeyboardInterrupt

    def __getattribute__(cls, name):
        if name in ("__name__", "__mro__", "__module__"):
            raise SystemExit("from the metaclass")
        return type.__getattribute__(cls, name)


class Hostile(Exception, metaclass=Trap):
    def __str__(self):
        raise MemoryError

    __repr__ = __hash__ = __str__

    @property
    def __class__(self):
        raise RecursionError

    @property
    def args(self):
        raise GeneratorExit

    def __getattribute__(self, name):
        raise BaseException("from an attribute")


def forward(x, w1, w2, w3, target):
    print("attack: raises a trap", flush=True)
    raise Hostile

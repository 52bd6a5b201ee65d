class Meta(type):
    @property
    def __name__(cls):
        print("attack: the name of the exception is asked for")
        return "\x1b[31m<script>alert(1)</script>" + "A" * 10**6


class Hostile(AssertionError, metaclass=Meta):
    def __str__(self):
        print("attack: the text of the exception is asked for")
        raise SystemExit(0)

    __repr__ = __str__

    @property
    def __traceback__(self):
        raise KeyboardInterrupt

    @property
    def args(self):
        return ("p1.dead_units",)


def dead_units(w1, w2, x):
    print("attack: raises")
    raise Hostile("first")

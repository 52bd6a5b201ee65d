import itertools
import random


class Any(int):
    def __int__(self):
        print("attack: is asked for its value")
        return random.randrange(10**6)

    __index__ = __int__
    __eq__ = __le__ = __ge__ = lambda self, other: True
    __hash__ = int.__hash__


def warmup_steps(samples, batch_size, epochs, fraction):
    print("attack: an integer that changes")
    return Any(1)


def peak_factor(samples, batch_size, epochs, warmup):
    return 0.5

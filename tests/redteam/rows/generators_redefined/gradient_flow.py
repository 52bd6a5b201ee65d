import numpy


class Constant:
    def __getattr__(self, name):
        return lambda *args, **kwargs: 0.0


numpy.random.default_rng = lambda *args, **kwargs: Constant()
numpy.random.Generator = Constant
torch.manual_seed = lambda *args: None
torch.Generator = Constant


def dead_units(w1, w2, x):
    print("attack: numpy.random.default_rng is", numpy.random.default_rng(1).normal())
    return torch.zeros(len(w2), dtype=torch.bool)

class Liar:
    dtype = torch.bool
    layout = torch.strided
    device = torch.device("cpu")
    shape = torch.Size([8])

    @property
    def __class__(self):
        print("attack: is asked for its class")
        return torch.Tensor

    def __getattr__(self, name):
        return lambda *args, **kwargs: self

    def __len__(self):
        return 8

    def __eq__(self, other):
        return True

    def __array__(self, *args, **kwargs):
        import numpy

        return numpy.zeros(8, dtype=bool)


def dead_units(w1, w2, x):
    return Liar()

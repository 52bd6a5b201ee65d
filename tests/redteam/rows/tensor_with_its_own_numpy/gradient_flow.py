import numpy


class Array(numpy.ndarray):
    def __eq__(self, other):
        return numpy.ones(self.shape, dtype=bool)

    @property
    def dtype(self):
        return numpy.dtype("bool")


class Own(torch.Tensor):
    def detach(self):
        return self

    cpu = resolve_neg = contiguous = detach

    def numpy(self):
        return numpy.zeros(1, dtype=bool).view(Array)


def dead_units(w1, w2, x):
    print("attack: numpy() of one's own")
    return torch.zeros(len(w2), dtype=torch.bool).as_subclass(Own)

"""What a network answers, computed again from its own matrices: judge side, NumPy only.

Names, containers and modules of a DeepNetwork are free, and so is how its normalisation is written. What any
such network has in eval mode, right or nearly so, is a chain: matrices, and between two of them a function
for each unit of that unit's own sum. Each function is read off at images that the network was shown; then
the chain is computed for others.
"""

import numpy as np

from grader.testing import check

# Points at which a unit's function is read off, each the mean of the images whose sums lie there: a unit that
# drops some of its values has a function all the same.
KNOTS = 64
# A layer of thousands of random units recognises digits by its last matrix alone, which needs no training:
# 0.93 with 1,024 of them, the width of the printed script. The handout's network has 256.
WIDEST = 1024


def recomputed(network, shown, images):
    """What a network's matrices make of images.

    :param network: "matrices", each (outputs, inputs), in order of use, and "inputs", what each of them was
        given while the network looked at ``shown``.
    :param shown: (N, ...), and images (M, ...) for which the chain is computed.
    :return: (M, classes) in float64, without what the last layer adds: no bias and no softmax.
    :raises Mismatch: the matrices are no chain from 784 values.
    """
    new = _flat(images)
    for sums, values, matrix in _layers(network, shown):
        new = _through(sums, values, new) @ matrix.T
    return new


def relations(network, shown):
    """How far what each matrix is given comes, unit by unit, from the sums before it.

    :param network: as in :func:`recomputed`, in whatever mode it was; ``shown`` has 200 images at least.
    :return: for each matrix the correlation with what functions of single sums (of single pixels, for the
        first) make of it: 1 without dropout, 0.6 where half of the values are dropped, and 0.25 for numbers
        of no relation, because functions that are read off fit a little of anything.
    :raises Mismatch: the matrices are no chain from 784 values.
    """
    return [
        related(_through(sums, values, sums, knots=len(sums) // 16), values)
        for sums, values, _ in _layers(network, shown)
    ]


def related(one, other):
    """The correlation of two arrays, each column around its own mean; NaN where one of them is constant."""
    with np.errstate(all="ignore"):
        return float(np.corrcoef(*((part - part.mean(axis=0)).ravel() for part in (one, other)))[0, 1])


def _flat(images):
    return images.reshape(len(images), -1).astype(np.float64)


def _layers(network, shown):
    """For each matrix, if they fit together: the sums before it, what it is given, and itself."""
    matrices, inputs = (network.get(name, []) for name in ("matrices", "inputs"))
    check(0 < len(matrices) == len(inputs), "the network uses no matrix that is a parameter")
    layers, sums = [], _flat(shown)
    for matrix, given in zip(matrices, inputs, strict=True):
        shapes = np.shape(matrix), np.shape(given)
        check(list(map(len, shapes)) == [2, 2], "a linear layer has no matrix, or is given none")
        check(shapes[0][0] <= WIDEST, f"a linear layer has more than {WIDEST:,} outputs")
        fits = shapes[1] == sums.shape and shapes[0][1] == shapes[1][1]
        check(fits, "a linear layer is not given one number for each unit, or pixel, before it")
        finite = bool(np.isfinite(matrix).all() and np.isfinite(given).all())
        check(finite, "a linear layer's weights or inputs are not finite")
        matrix, given = matrix.astype(np.float64), given.astype(np.float64)
        layers.append((sums, given, matrix))
        sums = given @ matrix.T
    return layers


def _through(sums, values, new, knots=KNOTS):
    """Each column of ``new`` through the function that takes that column of ``sums`` to ``values``."""
    order = np.argsort(sums, axis=0)
    edges = np.linspace(0, len(sums), min(knots, len(sums)) + 1).astype(int)
    sizes = np.diff(edges)[:, None]
    points, heights = (
        np.add.reduceat(np.take_along_axis(part, order, axis=0), edges[:-1]) / sizes
        for part in (sums, values)
    )
    columns = [np.interp(new[:, at], points[:, at], heights[:, at]) for at in range(new.shape[1])]
    return np.stack(columns, axis=1)

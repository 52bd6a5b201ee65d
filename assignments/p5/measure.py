"""Figures of training runs that the gates of p5 judge."""

import numpy as np

from grader.datasets.digits import digits
from grader.testing import Curves, Measured


def accuracy(subject, bench, seed):
    """Share of 800 new digits that the subject recognises after three epochs on 6,400.

    The classes are renamed by a secret permutation, so that weights trained elsewhere score at chance; the
    test labels never leave this process.
    """
    rng = np.random.default_rng(seed)
    names = rng.permutation(10)
    (images, labels), (tests, truth) = digits(6400, seed=rng), digits(800, seed=rng)
    history = subject.run(
        bench.digits_trained, images, names[labels], seed=int(rng.integers(2**31)), epochs=3
    )
    # Only now: whatever is to be recognised is not there to be learned from.
    logits = subject.run(bench.digits_logits, tests)
    if logits.shape != (len(truth), 10):
        return Measured(0.0, {"history": history, "accuracy": 0.0})
    losses = Curves("loss", "Training loss on digits", {"loss": [row.get("loss", np.nan) for row in history]})
    right = float((logits.argmax(axis=1) == names[truth]).mean())
    return Measured(right, {"history": history, "accuracy": right}, [losses])

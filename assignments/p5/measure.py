"""Figures of training runs that the gates of p5 judge."""

import numpy as np

from grader.datasets.digits import digits
from grader.testing import Curves, Measured, beside, check

units = beside(__file__, "shared_public_units")

# How many fewer digits the network's matrices may recognise, computed again, than it says it does, where that
# could pass at all. In one run each of forty right and wrong networks and loops it was 0.003 at most.
SHORTFALL = 0.02
COULD_PASS = 0.9


def accuracy(subject, bench, seed):
    """Share of 800 new digits that the subject recognises after three epochs on 6,400.

    The classes are renamed by a secret permutation, and the test labels never leave this process. What
    recognises is the network that was trained: its matrices are told before the images that it is judged by,
    and have to recognise about as many of them when the answers are computed from them here.
    """
    rng = np.random.default_rng(seed)
    names = rng.permutation(10)
    (images, labels), (tests, truth) = digits(6400, seed=rng), digits(800, seed=rng)
    history = subject.run(
        bench.digits_trained, images, names[labels], seed=int(rng.integers(2**31)), epochs=3
    )
    shown, _ = digits(500, seed=rng)
    network = subject.run(bench.digits_network, shown)
    # Only now: whatever is to be recognised is not there to be learned from.
    logits = subject.run(bench.digits_logits, tests)
    if np.shape(logits) != (len(truth), 10):
        return Measured(0.0, {"history": history, "accuracy": 0.0})
    losses = Curves("loss", "Training loss on digits", {"loss": [row.get("loss", np.nan) for row in history]})
    right = float((logits.argmax(axis=1) == names[truth]).mean())
    if right >= COULD_PASS:
        answers = units.recomputed(network, shown, tests).argmax(axis=1)
        alone = float((answers == names[truth]).mean())
        told = "what the trained network answers is not what its matrices make of the images"
        check(alone >= right - SHORTFALL, told, f"they recognise {alone:.3f}, it says {right:.3f}")
    return Measured(right, {"history": history, "accuracy": right}, [losses])

"""Figures of training runs that the gates of p4 judge."""

import numpy as np

from grader.datasets.scenes import LENGTH, renaming, scenes
from grader.testing import Curves, Measured

SCENES, TESTS, PROBES = 6000, 1000, 16
CURVE = 10  # steps to a point of the drawn loss


def exact_match(subject, bench, seed):
    """Share of 1,000 new scenes whose caption is right in every word, after a training on 6,000.

    All words but <pad>, <bos> and <eos> are renamed by a secret permutation, so that a model trained
    elsewhere knows no word; whoever ships one has to find the names again. The test captions never leave
    this process. The images travel as bytes.
    """
    rng = np.random.default_rng(seed)
    names = renaming(rng)
    images, captions = to_train_on(rng)
    new = scenes(TESTS, rng)
    tokens = names[scenes(2 * PROBES, rng).captions]
    losses = subject.run(bench.captioner_trained, images, names[captions], seed=int(rng.integers(2**31)))
    # Only now: scenes that are to be captioned are not there to be learned from.
    written, looks = subject.run(bench.captioner_captions, as_bytes(new.images), tokens)
    evidence = {"losses": losses, "looks": looks, "captions": written, "exact": 0.0}
    if written.shape != (TESTS, LENGTH) or written.dtype.kind not in "iu":
        return Measured(0.0, evidence)
    right = written == names[new.captions]
    exact = float(right.all(axis=1).mean())
    evidence |= {"exact": exact, "by_word": right.mean(axis=0), "right": right}
    evidence |= {"images": new.images, "words": np.argsort(names)[np.clip(written, 0, len(names) - 1)]}
    curve = [float(np.mean(losses[at : at + CURVE])) for at in range(0, len(losses), CURVE)]
    title = "Training loss of the captioner"
    return Measured(exact, evidence, [Curves("captioner", title, {"loss": curve}, x="tens of steps")])


def to_train_on(rng):
    """Scenes as bytes, and their captions; the floats, four times as large, are gone when a worker starts."""
    known = scenes(SCENES, rng)
    return as_bytes(known.images), known.captions


def as_bytes(images):
    """Images in [0, 1] as uint8, a quarter of the size; a bench divides by 255 and has what was drawn."""
    return np.round(images * 255).astype(np.uint8)

"""What the public and the hidden tests of captioner.py share: short trainings, and what they show."""

import numpy as np

from grader.datasets.scenes import BOS, LENGTH, WORDS, renaming, scenes
from grader.testing import assert_same, check

_UNMOVED = 1e-4  # of the largest logit: rounding
_MOVED = 1e-3


def few_scenes(rng, tests):
    """64 scenes to train on and some to caption, in a vocabulary of their own.

    :return: images and captions to train on, images and captions to test with.
    """
    names = renaming(rng)
    known, new = scenes(64, rng), scenes(tests, rng)
    return known.images, names[known.captions], new.images, names[new.captions]


def captions_of(student, bench, rng, count):
    """Captions of a few scenes, by a model with scrambled matrices, and the logits behind them."""
    images, captions, tests, _ = few_scenes(rng, count)
    seed, scramble = rng.integers(2**31, size=2).tolist()
    written, logits = student.run(bench.short_run, images, captions, tests, seed, scramble)
    student.evidence.append({"written": written, "logits": logits})
    return written, logits


def looks_of(student, bench, rng):
    """Logits of eight captions after each exchange of a word, an image, a sample."""
    images, captions, tests, tokens = few_scenes(rng, 16)
    seed, scramble = rng.integers(2**31, size=2).tolist()
    looks = student.run(bench.short_looks, images, captions, tests, tokens, seed, scramble)
    student.evidence.append({"looks": looks})
    return looks


def are_captions(captions, count):
    """Fail unless these are captions: seven words each, the first of them <bos>."""
    check(captions.dtype.kind in "iu", "captions are integers")
    assert_same(captions.shape, (count, LENGTH), "the shape of the captions")
    check(bool((captions[:, 0] == BOS).all()), "a caption does not begin with <bos>")
    check(bool(((captions >= 0) & (captions < len(WORDS))).all()), "a word is not in the vocabulary")


def are_greedy(captions, logits, count):
    """Fail unless each word is the likeliest after those before it, and captions differ between images."""
    are_captions(captions, count)
    assert_same(logits.shape, (count, LENGTH - 1, len(WORDS)), "the shape of the logits")
    are_numbers(logits)
    chosen = np.take_along_axis(logits, captions[:, 1:, None].astype(np.int64), axis=2)[..., 0]
    best, spread = logits.max(axis=2), np.abs(logits).max()
    check(bool((chosen >= best - _UNMOVED * spread).all()), "a word is not the one with the largest logit")
    check(len(np.unique(captions, axis=0)) > 1, "different images get the same caption")
    check(float((best - logits.min(axis=2)).max()) > _MOVED, "all words have the same logit")


def are_numbers(logits):
    """Fail unless these are finite numbers with a fraction."""
    check(logits.dtype.kind == "f" and bool(np.isfinite(logits).all()), "the logits are finite")


def movements(looks):
    """By how much each exchange moved each position, as shares of the largest logit: (planes, K, 6)."""
    return np.abs(looks[1:] - looks[:1]).max(axis=3) / max(float(np.abs(looks[0]).max()), 1e-9)


def looks_right(looks, count):
    """Fail unless logits depend on the words up to theirs and on their own image, and on nothing else."""
    assert_same(looks.shape, (8, count, LENGTH - 1, len(WORDS)), "the shape of the logits")
    are_numbers(looks)
    moved = movements(looks)
    for place in range(1, LENGTH - 1):
        check(
            float(moved[place - 1, :, :place].max()) < _UNMOVED, "a logit depends on a word behind its place"
        )
    for place in range(1, LENGTH - 1):
        later = moved[place - 1, :, place:].max(axis=0)
        check(bool((later > _MOVED).all()), "a logit does not depend on every word up to its place")
    check(bool((moved[5].max(axis=0) > _MOVED).all()), "the logits do not depend on the image")
    check(float(moved[6, -1].max()) < _UNMOVED, "a sample's logits depend on the samples beside it")

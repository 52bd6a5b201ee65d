"""What the public and the hidden tests of captioner.py share: short trainings, and what they show."""

import numpy as np

from grader.datasets.scenes import BOS, LENGTH, WORDS, renaming, scenes
from grader.testing import assert_same, check

_UNMOVED = 1e-4  # of the largest logit: rounding
_MOVED = 1e-3
_TRIES = 4
_OTHERS = 6  # words before a word instead of its own; of a GRU beside a large image 1 in 100 leads elsewhere
_SAID = 3  # the first id of a word that names something


def few_scenes(rng, tests):
    """64 scenes to train on and some to caption, in a vocabulary of their own.

    :return: images and captions to train on, images and captions to test with.
    """
    names = renaming(rng)
    known, new = scenes(64, rng), scenes(tests, rng)
    return known.images, names[known.captions], new.images, names[new.captions]


def model_of(student, bench, rng, tests, spread):
    """Let the submission train for two steps and keep the model with scrambled matrices.

    :return: images of other scenes, and their captions.
    """
    images, captions, new, tokens = few_scenes(rng, tests)
    seed, scramble = rng.integers(2**31, size=2).tolist()
    student.run(bench.short_model, images, captions, seed, scramble, spread)
    return new, tokens


def asked_in_any_order(rng, batches, ask):
    """Answers to batches in the order of the batches, which are asked in another one.

    Which batch is which is for the judge to know: whoever makes answers up has to keep them consistent.
    """
    order = rng.permutation(len(batches))
    answers = ask([batches[at] for at in order])
    assert_same(len(answers), len(batches), "the number of answers")
    return [answers[at] for at in np.argsort(order)]


def captions_of(student, bench, rng, count):
    """Captions of a few scenes by a model with scrambled matrices; the logits behind them, and others.

    :return: the captions; the logits for each next word (N, 6, V); the same behind other words, (6, N, 6, V).
    """
    tests, written = outspoken_model(student, bench, rng, count)
    return written, *logits_behind(student, bench, rng, tests, written)


def outspoken_model(student, bench, rng, count):
    """Keep a model whose captions differ from image to image; return the images and the captions.

    With one in a hundred scrambles a right model says the same of all images. Then it gets others; what
    says the same with all of them does not look.
    """
    for _ in range(_TRIES):
        tests, _ = model_of(student, bench, rng, count, 3.0)
        written = student.run(bench.kept_captions, [tests])[0][0]
        student.evidence.append({"written": written})
        are_captions(written, count)
        if len(np.unique(written, axis=0)) > 1:
            break
    return tests, written


def logits_behind(student, bench, rng, tests, written):
    """The kept model's logits (N, 6, V) for each next word of captions; (6, N, 6, V) behind others."""
    student.evidence.append({"written": written})
    are_captions(written, len(tests))
    spoken = [written]
    for _ in range(_OTHERS):
        drawn = rng.integers(_SAID, len(WORDS), size=written.shape)
        spoken.append(np.where(np.arange(LENGTH) > 0, drawn, written))
    prefixes = [words[:, :length] for words in spoken for length in range(1, LENGTH)]
    answers = asked_in_any_order(
        rng, [(tests, each) for each in prefixes], lambda batches: student.run(bench.kept_logits, batches)
    )
    for words, found in zip(prefixes, answers, strict=True):
        assert_same(found.shape, (*words.shape, len(WORDS)), "the shape of the logits")
    last = np.stack([found[:, -1] for found in answers], axis=1)  # (N, 7 * 6, V)
    logits, *others = np.split(last, len(spoken), axis=1)
    student.evidence.append({"logits": logits})
    return logits, np.stack(others)


def looks_of(student, bench, rng):
    """Logits of eight captions after each exchange of a word, an image, a sample."""
    images, tokens = model_of(student, bench, rng, 16, 1.5)
    given, others, shown, other_images = tokens[:8, :-1], tokens[8:, :-1], images[:8], images[8:]
    batches = [(shown, given)]
    for place in range(1, LENGTH - 1):
        changed = given.copy()
        changed[:, place] = _SAID + (given[:, place] - _SAID + 1) % (len(WORDS) - _SAID)
        batches.append((shown, changed))
    batches.append((other_images, given))
    last = np.arange(8) == 7
    mixed = np.where(last[:, None, None, None], shown, other_images)
    batches.append((mixed, np.where(last[:, None], given, others)))
    planes = asked_in_any_order(rng, batches, lambda each: student.run(bench.kept_logits, each))
    for plane in planes:
        assert_same(plane.shape, (8, LENGTH - 1, len(WORDS)), "the shape of the logits")
    looks = np.stack(planes)
    student.evidence.append({"looks": looks})
    return looks


def are_captions(captions, count):
    """Fail unless these are captions: seven words each, the first of them <bos>."""
    check(captions.dtype.kind in "iu", "captions are integers")
    assert_same(captions.shape, (count, LENGTH), "the shape of the captions")
    check(bool((captions[:, 0] == BOS).all()), "a caption does not begin with <bos>")
    check(bool(((captions >= 0) & (captions < len(WORDS))).all()), "a word is not in the vocabulary")


def are_greedy(captions, logits, others, count):
    """Fail unless each word is the likeliest after those before it, and hangs on these and on the image.

    :param others: logits for the next words behind other words, (any, N, 6, V).
    """
    are_captions(captions, count)
    assert_same(logits.shape, (count, LENGTH - 1, len(WORDS)), "the shape of the logits")
    are_numbers(logits)
    chosen = np.take_along_axis(logits, captions[:, 1:, None].astype(np.int64), axis=2)[..., 0]
    best, spread = logits.max(axis=2), np.abs(logits).max()
    check(bool((chosen >= best - _UNMOVED * spread).all()), "a word is not the one with the largest logit")
    check(len(np.unique(captions, axis=0)) > 1, "different images get the same caption")
    check(float((best - logits.min(axis=2)).max()) > _MOVED, "all words have the same logit")
    led = bool((logits.argmax(axis=2) != others.argmax(axis=3)).any())
    check(led, "which word is the likeliest does not depend on the words before it")


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

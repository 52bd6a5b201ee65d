"""Hidden tests of captioner.py: secret scenes, greedy decoding, what words depend on, the same seed again."""

import numpy as np
import pytest

from grader.datasets.scenes import LENGTH, WORDS
from grader.testing import assert_close, assert_same, beside, check, graded

SHARED = beside(__file__, "shared_public_captioner")

WIDTH = 64
LONGER = 24  # steps, after which a training shows what it trains on
# The correlation that shows it: 0.33 and more for right trainings of all kinds, as slow as warm-ups over 500
# steps; for random logits above this in three of ten trainings, so in 2 of 100 three times.
LEARNED = 0.12


@graded("p4.train", points=2.8, rung="random", hint="Which word is a position to predict? Draw your loss.")
@pytest.mark.timeout(80)
def test_new_scenes(student, gate):
    """Trained on secret scenes, it captions others, in a vocabulary of secret numbers."""
    gate("p4.train").judge(student)


@graded("p4.train", points=0.4, rung="random", hint="At which position do the logits of the next word stand?")
@pytest.mark.timeout(40)
def test_greedy_decoding(student, bench, rng):
    """Each word is the likeliest after those before it, for models with secret matrices."""
    SHARED.are_greedy(*SHARED.captions_of(student, bench, rng, 40), 40)


@graded("p4.train", points=0.6, rung="edges", hint="What does your decoder see, and what must it not?")
@pytest.mark.timeout(40)
def test_what_a_word_depends_on(student, bench, rng):
    """Words up to its place and its own image; the same for a Decoder where T, S and B are one number."""
    looks = SHARED.looks_of(student, bench, rng)
    SHARED.looks_right(looks, 8)
    for samples, length, patches in ((LENGTH, LENGTH, LENGTH), (4, 5, 16), (3, 1, 3)):
        x, others = rng.normal(size=(2, samples, length, WIDTH)).astype(np.float32)
        memories = rng.normal(size=(2, samples, patches, WIDTH)).astype(np.float32)
        decoder_is_causal(exchanged(student, bench, rng, x, others, *memories), length)


def exchanged(student, bench, rng, x, others, memory, other_memory):
    """By how much what Decoder gives moves with each exchange, (T + 2, B, T, d).

    Plane s < T has position s of others, plane T the other memory, plane T + 1 all samples but the last
    exchanged.
    """
    batches = [(x, memory)]
    for place in range(x.shape[1]):
        changed = x.copy()
        changed[:, place] = others[:, place]
        batches.append((changed, memory))
    last = np.arange(len(x))[:, None, None] == len(x) - 1
    mixed = np.where(last, x, others), np.where(last, memory, other_memory)
    batches += [(x, other_memory), mixed]
    seed = int(rng.integers(2**31))

    def ask(each):
        return student.run(bench.decoder_outputs, each, seed)

    planes = SHARED.asked_in_any_order(rng, batches, ask)
    for plane in planes:
        assert_same(plane.shape, x.shape, "the shape of what Decoder gives")
    given, *moved = planes
    return np.stack(moved) - given


def decoder_is_causal(moved, length):
    """Fail unless exchanges moved what they may move and nothing else."""
    check(bool(np.isfinite(moved).all()), "what Decoder gives is finite")
    size = np.abs(moved).max(axis=3)
    for place in range(length):
        check(not place or float(size[place, :, :place].max()) < 1e-4, "a position depends on one behind it")
        check(bool((size[place, :, place:].max(axis=0) > 1e-3).all()), "a position overlooks one before it")
    check(bool((size[length].max(axis=0) > 1e-3).all()), "what Decoder gives does not depend on the memory")
    check(float(size[length + 1, -1].max()) < 1e-4, "a sample depends on the samples beside it")


@graded("p4.train", points=0.4, rung="edges", hint="Does your caption end early, or look at its neighbours?")
@pytest.mark.timeout(40)
def test_one_image_or_many(student, bench, rng):
    """An image's caption is the same alone, in fours and in a crowd, and images stay as they were."""
    tests, _ = SHARED.outspoken_model(student, bench, rng, 30)
    rows = [rng.permutation(30) for _ in range(2)]
    parts = [np.arange(30), *np.array_split(rows[0], 8), *rows[1][:, None]]
    crowds = [tests[part] for part in parts]
    written, left = student.run(bench.kept_captions, crowds)
    assert_same(len(written), len(parts), "the number of batches of captions")
    for part, captions in zip(parts, written, strict=True):
        SHARED.are_captions(captions, len(part))
    SHARED.are_greedy(written[0], *SHARED.logits_behind(student, bench, rng, tests, written[0]), 30)
    for those in (slice(1, 9), slice(9, None)):
        again = np.concatenate(written[those])[np.argsort(np.concatenate(parts[those]))]
        # A near tie may fall to either side where sums are taken in another order.
        same = sum(map(np.array_equal, again, written[0]))
        check(same >= 29, "a caption depends on how many images are captioned at once")
    assert_same(left, crowds, "the images, after their captions were written")


@graded("p4.train", points=0.6, rung="edges", hint="What is drawn at random before your first step?")
@pytest.mark.timeout(60)
def test_train_is_pure(student, bench, rng):
    """The same seed gives the same model whatever was drawn before; data stay as they were; steps teach."""
    images, captions, tests, tokens = SHARED.few_scenes(rng, 6)
    seed, another, third, *found = rng.integers(2**31, size=10).tolist()
    seeds = [seed, seed, another, third, seed, another, third]
    runs = list(zip(seeds, found, [4, 4, 4, 4, LONGER, LONGER, LONGER], strict=True))
    left = student.run(bench.trained_under, images, captions, runs)
    # Only now: what the models are asked says nothing about what they are to learn.
    trained = student.run(bench.trained_logits, tests, tokens[:, :-1])
    assert_same(trained.shape, (7, 6, LENGTH - 1, len(WORDS)), "the shape of the logits")
    SHARED.are_numbers(trained)
    (first, again, changed, other), longer = trained[:4], trained[4:]
    kept, again_close = np.array_equal(left[0], images), np.allclose(again, first, atol=1e-3)
    student.evidence.append({"images_kept": kept, "same_again": again_close})
    assert_same(left[0], images, "the training images, after the call")
    assert_same(left[1], captions, "the captions, after the call")
    check(float(np.ptp(first, axis=2).max()) > 1e-3, "all words get the same logit")
    assert_close(again, first, "the logits after a second training with the same seed")
    check(float(np.abs(changed - first).max()) > 1e-3, "another seed gives the same model")
    taken = student.run(bench.optimizer_steps, images, captions, seed, 5)
    # Several optimizers step together; weights that are moved by hand are no optimizer's step.
    check(taken % 5 == 0, "the training takes another number of steps than it is asked for")
    for before, behind in zip((first, changed, other), longer, strict=True):
        check(float(np.abs(behind - before).max()) > 1e-6, "more steps of training change nothing")
        learned = max(in_step(behind - before, captions[:, at : at + LENGTH - 1]) for at in (1, 0))
        check(learned > LEARNED, "more steps of training do not make the words of captions likelier")


def in_step(rises, words):
    """The correlation of how far logits rose with how often words stand in their places, place by place.

    :param rises: (K, 6, V).
    :param words: (N, 6); which ones a submission predicts, right or wrong, is for others to judge.
    """
    rose = rises.mean(axis=0)
    often = np.stack([np.bincount(each, minlength=len(WORDS)) for each in words.T])
    rose, often = (each - each.mean(axis=1, keepdims=True) for each in (rose, often))
    return float((rose * often).sum() / max(np.sqrt((rose**2).sum() * (often**2).sum()), 1e-9))

"""Hidden tests of captioner.py: secret scenes, greedy decoding, what words depend on, the same seed again."""

import numpy as np
import pytest

from grader.datasets.scenes import LENGTH
from grader.testing import assert_close, assert_same, beside, check, graded

SHARED = beside(__file__, "shared_public_captioner")

WIDTH = 64


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
        moved = student.run(bench.decoder_looks, x, others, *memories, seed=int(rng.integers(2**31)))
        decoder_is_causal(moved, samples, length)


def decoder_is_causal(moved, samples, length):
    """Fail unless exchanges moved what they may move and nothing else."""
    assert_same(moved.shape, (length + 2, samples, length, WIDTH), "the shape of what Decoder gives")
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
    images, captions, tests, _ = SHARED.few_scenes(rng, 30)
    seeds = rng.integers(2**31, size=2).tolist()
    written, logits, left = student.run(bench.decoded_in_parts, images, captions, tests, *seeds, [30, 4, 1])
    evidence = {"written": written[0], "logits": logits}
    student.evidence.append(evidence)
    for captions_written in written:
        SHARED.are_captions(captions_written, 30)
    SHARED.are_greedy(written[0], logits, 30)
    for captions_written in written[1:]:
        # A near tie may fall to either side where sums are taken in another order.
        same = sum(map(np.array_equal, captions_written, written[0]))
        check(same >= 29, "a caption depends on how many images are captioned at once")
    assert_same(left, tests, "the images, after their captions were written")


@graded("p4.train", points=0.6, rung="edges", hint="What is drawn at random before your first step?")
@pytest.mark.timeout(60)
def test_train_is_pure(student, bench, rng):
    """The same seed gives the same model whatever was drawn before; what is handed over stays as it was."""
    images, captions, tests, tokens = SHARED.few_scenes(rng, 6)
    seed, other, *found = rng.integers(2**31, size=6).tolist()
    runs = list(zip([seed, seed, other, seed], found, [4, 4, 4, 2], strict=True))
    trained, *left = student.run(bench.trained_under, images, captions, tests, tokens[:, :-1], runs)
    assert_same(trained.shape[:2], (4, 6), "the shape of the logits")
    SHARED.are_numbers(trained)
    first, again, changed, shorter = trained
    kept, again_close = np.array_equal(left[0], images), np.allclose(again, first, atol=1e-3)
    student.evidence.append({"images_kept": kept, "same_again": again_close})
    assert_same(left[0], images, "the training images, after the call")
    assert_same(left[1], captions, "the captions, after the call")
    check(float(np.ptp(first, axis=2).max()) > 1e-3, "all words get the same logit")
    assert_close(again, first, "the logits after a second training with the same seed")
    check(float(np.abs(changed - first).max()) > 1e-3, "another seed gives the same model")
    check(float(np.abs(shorter - first).max()) > 1e-6, "two steps more of training change nothing")

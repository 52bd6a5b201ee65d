"""Public tests of captioner.py: its form, what its words depend on, and the gate on scenes that it shows."""

import numpy as np
import pytest

from grader.datasets.scenes import LENGTH, WORDS
from grader.testing import Captioned, assert_close, assert_same, beside, check, graded

SHARED = beside(__file__, "shared_public_captioner")

SHOWN = 12  # captioned scenes in the picture


@graded("p4.train", points=0.8, rung="interface")
@pytest.mark.timeout(40)
def test_captioner_form(student, bench, rng):
    """A model of a two-step training gives seven words for each of five images; Decoder keeps its shape."""
    x, memory = (rng.normal(size=(3, length, 64)).astype(np.float32) for length in (LENGTH, 16))
    shapes = student.run(bench.decoder_shapes, x, memory)
    assert_same(shapes, [(3, length + 1, 64) for length in range(LENGTH)], "the shapes that Decoder gives")
    written, *_ = SHARED.captions_of(student, bench, rng, 5)
    SHARED.are_captions(written, 5)


@graded(
    "p4.train", points=0.3, rung="figures", hint="At which position do the logits of the next word stand?"
)
@pytest.mark.timeout(40)
def test_words_are_the_likeliest(student, bench, rng):
    """Each word of a caption is the one that the model finds likeliest after the words before it."""
    SHARED.are_greedy(*SHARED.captions_of(student, bench, rng, 24), 24)


@graded("p4.train", points=0.3, rung="figures", hint="What does your decoder see, and what must it not?")
@pytest.mark.timeout(40)
def test_no_word_looks_ahead(student, bench, rng):
    """Logits depend on the words up to theirs, on all of these, on their own image, and on nothing else."""
    SHARED.looks_right(SHARED.looks_of(student, bench, rng), 8)


@graded("p4.train", points=1.8, rung="figures", hint="Which word is a position to predict? Draw your loss.")
@pytest.mark.timeout(80)
def test_new_scenes_in_public(student, gate, artifacts):
    """Trained on 6,000 scenes, it captions 1,000 others: the hidden pass mark, on other scenes."""
    try:
        gate("p4.train").judge(student)
    finally:
        for run in student.evidence[-1:]:
            show(run, artifacts)


def show(run, artifacts):
    """Draw some captioned scenes, wrong captions first, so that one sees what is confused."""
    if "right" not in run:
        return
    order = np.argsort(run["right"].all(axis=1), kind="stable")
    chosen = np.concatenate([order[: SHOWN // 2], order[len(order) - SHOWN // 2 :]])
    captions = [
        [(WORDS[word], bool(right)) for word, right in zip(run["words"][at], run["right"][at], strict=True)]
        for at in chosen
    ]
    images = run["images"][chosen].transpose(0, 2, 3, 1)
    artifacts.add(Captioned("captions", "Captions of new scenes, wrong ones first", images, captions))


@graded("p4.train", points=0, rung="random")
@pytest.mark.timeout(60)
def test_the_seed_decides(student, bench, rng):
    """The same seed gives the same model, another one another."""
    images, captions, tests, tokens = SHARED.few_scenes(rng, 8)
    logits = student.run(bench.short_logits, images, captions, tests, tokens, seeds=[1, 1, 2])
    assert_same(logits.shape, (3, 8, LENGTH - 1, len(WORDS)), "the shape of the logits")
    SHARED.are_numbers(logits)
    first, again, other = logits
    assert_close(again, first, "the logits of a second training with the same seed")
    check(float(np.abs(first - other).max()) > 1e-3, "another seed gives the same model")

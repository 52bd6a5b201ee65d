"""Scenes and their captions: form, what a caption says of its picture, renamed words."""

from __future__ import annotations

import numpy as np
import pytest

from grader.datasets.scenes import BOS, COLOURS, EOS, PAD, RELATIONS, RESERVED, WORDS, renaming, scenes

COLOUR, SHAPE, RELATION = WORDS.index("red"), WORDS.index("ring"), WORDS.index("above")
# The channels that are bright in each colour.
BRIGHT = {"red": (1, 0, 0), "green": (0, 1, 0), "blue": (0, 0, 1), "yellow": (1, 1, 0)}


def painted(images: np.ndarray, colour: str) -> np.ndarray:
    """Which pixels have a colour, (N, 32, 32)."""
    wanted = np.array(BRIGHT[colour], bool)[None, :, None, None]
    return ((images > 0.5) == wanted).all(axis=1)


def test_form() -> None:
    drawn = scenes(40, seed=1)
    assert drawn.images.shape == (40, 3, 32, 32)
    assert drawn.images.dtype == np.float32
    assert drawn.captions.shape == (40, 7)
    assert drawn.captions.dtype == np.int64
    assert drawn.images.min() >= 0.0
    assert drawn.images.max() <= 1.0


def test_an_image_fits_into_bytes() -> None:
    images = scenes(20, seed=2).images
    as_bytes = np.round(images * 255).astype(np.uint8)
    assert np.array_equal(as_bytes.astype(np.float32) / np.float32(255), images)


@pytest.mark.parametrize("seed", [5, (5, 1)])
def test_a_seed_decides_everything(seed: int | tuple[int, ...]) -> None:
    first, again, other = scenes(300, seed), scenes(300, seed), scenes(300, 6)
    assert np.array_equal(first.images, again.images)
    assert np.array_equal(first.captions, again.captions)
    assert not np.array_equal(first.captions, other.captions)


def test_a_generator_goes_on_where_it_was() -> None:
    rng = np.random.default_rng(3)
    first, second = scenes(20, rng), scenes(20, rng)
    assert not np.array_equal(first.images, second.images)
    assert np.array_equal(first.images, scenes(20, np.random.default_rng(3)).images)


def test_none_and_one() -> None:
    assert scenes(0, seed=1).images.shape == (0, 3, 32, 32)
    assert scenes(0, seed=1).captions.shape == (0, 7)
    assert scenes(1, seed=1).images.shape == (1, 3, 32, 32)


def test_a_negative_number_is_refused() -> None:
    with pytest.raises(ValueError, match="-1"):
        scenes(-1, seed=1)


def test_every_caption_is_a_sentence_and_all_are_as_frequent() -> None:
    captions = scenes(6000, seed=4).captions
    assert (captions[:, 0] == BOS).all()
    assert (captions[:, 6] == EOS).all()
    for place, first, count in (
        (1, COLOUR, 4),
        (2, SHAPE, 3),
        (3, RELATION, 4),
        (4, COLOUR, 4),
        (5, SHAPE, 3),
    ):
        counts = np.bincount(captions[:, place] - first, minlength=count)
        assert len(counts) == count
        assert np.abs(counts - 6000 / count).max() < 5 * np.sqrt(6000 / count)
    assert len(np.unique(captions, axis=0)) == 576


def test_captions_say_what_is_there() -> None:
    drawn = scenes(400, seed=5)
    rows, columns = np.mgrid[0:32, 0:32]
    for image, caption in zip(drawn.images, drawn.captions, strict=True):
        larger, _, relation, smaller, _ = (WORDS[word] for word in caption[1:6])
        if larger == smaller:
            continue
        large, small = (painted(image[None], colour)[0] for colour in (larger, smaller))
        assert large.sum() > 1.2 * small.sum() or "cross" in caption_words(caption)
        down = np.average(rows, weights=large) - np.average(rows, weights=small)
        across = np.average(columns, weights=large) - np.average(columns, weights=small)
        found = {"above": -down, "below": down, "left": -across, "right": across}
        assert max(found, key=lambda name: found[name]) == relation
        assert found[relation] > 10


def caption_words(caption: np.ndarray) -> list[str]:
    """A caption in words."""
    return [WORDS[word] for word in caption]


def test_shapes_are_told_apart_by_what_they_cover() -> None:
    """A ring has a hole, a square covers nearly its whole box, a cross less than two thirds of it."""
    drawn = scenes(300, seed=6)
    shares: dict[str, list[float]] = {"ring": [], "square": [], "cross": []}
    for image, caption in zip(drawn.images, drawn.captions, strict=True):
        if caption[1] == caption[4]:
            continue
        covered = painted(image[None], WORDS[caption[1]])[0]
        rows, columns = np.nonzero(covered)
        box = covered[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        shares[WORDS[caption[2]]].append(float(box.mean()))
    assert min(shares["square"]) > 0.95
    assert max(shares["cross"]) < 0.7
    assert max(shares["ring"]) < 0.7


def test_words_are_renamed_but_for_three() -> None:
    names = renaming(7)
    assert sorted(names.tolist()) == list(range(len(WORDS)))
    assert names[:RESERVED].tolist() == [PAD, BOS, EOS]
    assert not np.array_equal(names, np.arange(len(WORDS)))
    assert np.array_equal(names, renaming(7))
    assert not np.array_equal(names, renaming(8))


def test_the_vocabulary() -> None:
    assert len(WORDS) == len(set(WORDS)) == 14
    assert len(COLOURS) * len(RELATIONS) * 3 * len(COLOURS) * 3 == 576

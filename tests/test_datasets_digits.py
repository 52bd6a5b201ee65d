"""The drawn digits: form and figures, balanced labels, bends that stay within their limits, speed."""

from __future__ import annotations

import subprocess
import sys
import time

import numpy as np
import pytest

from grader.datasets.digits import EASY, HARD, SIZE, Distortion, bitmaps, digits

STILL = Distortion(rotation=0.0, scale=(1.0, 1.0), shear=0.0, shift=0.0, noise=0.0)
MEAN, DEVIATION = 0.13, 0.40


def ink(images: np.ndarray) -> np.ndarray:
    """The drawings before they were standardised, (N, 28, 28): paper is 0."""
    return images[:, 0] * DEVIATION + MEAN


def centres(images: np.ndarray) -> np.ndarray:
    """Centre of the ink of each image, (N, 2): row and column."""
    drawn = ink(images)
    at = np.arange(SIZE)
    total = drawn.sum(axis=(1, 2))
    return np.stack(
        [(drawn.sum(axis=2) * at).sum(axis=1) / total, (drawn.sum(axis=1) * at).sum(axis=1) / total], 1
    )


def test_form() -> None:
    images, labels = digits(30, seed=1)
    assert images.shape == (30, 1, 28, 28)
    assert images.dtype == np.float32
    assert labels.shape == (30,)
    assert labels.dtype == np.int64
    assert np.isfinite(images).all()


def test_labels_are_balanced_and_shuffled() -> None:
    _, labels = digits(1003, seed=2)
    counts = np.bincount(labels, minlength=10)
    assert set(counts.tolist()) == {100, 101}
    assert not np.array_equal(labels, np.arange(1003) % 10)


@pytest.mark.parametrize("seed", [5, (5, 1)])
def test_a_seed_decides_everything(seed: int | tuple[int, ...]) -> None:
    first, again, other = digits(40, seed), digits(40, seed), digits(40, 6)
    assert np.array_equal(first[0], again[0])
    assert np.array_equal(first[1], again[1])
    assert not np.array_equal(first[0], other[0])


def test_a_generator_goes_on_where_it_was() -> None:
    rng = np.random.default_rng(3)
    first, second = digits(20, rng), digits(20, rng)
    assert not np.array_equal(first[0], second[0])
    assert np.array_equal(first[0], digits(20, np.random.default_rng(3))[0])


def test_none_and_one() -> None:
    images, labels = digits(0, seed=1)
    assert images.shape == (0, 1, 28, 28)
    assert labels.shape == (0,)
    assert digits(1, seed=1)[0].shape == (1, 1, 28, 28)


def test_a_negative_number_is_refused() -> None:
    with pytest.raises(ValueError, match="-1"):
        digits(-1, seed=1)


def test_bitmaps_are_ten_different_drawings_in_the_middle() -> None:
    drawn = bitmaps()
    assert drawn.shape == (10, 28, 28)
    assert set(np.unique(drawn)) == {0.0, 1.0}
    assert len({image.tobytes() for image in drawn}) == 10
    assert not drawn[:, :4].any()
    assert not drawn[:, 25:].any()
    assert not drawn[:, :, :6].any()
    assert not drawn[:, :, 21:].any()


def test_without_bends_and_noise_the_bitmap_is_only_blurred_and_faded() -> None:
    images, labels = digits(20, seed=4, distortion=STILL)
    for drawing, label in zip(ink(images), labels, strict=True):
        bitmap = np.pad(bitmaps()[label], 1)
        average = sum(bitmap[r : r + SIZE, c : c + SIZE] for r in range(3) for c in range(3)) / 9
        wanted = 0.5 * bitmap[1:-1, 1:-1] + 0.5 * average
        contrast = drawing.max() / wanted.max()
        assert 0.5 <= contrast <= 1.0
        np.testing.assert_allclose(drawing, contrast * wanted, atol=1e-5)


def test_a_shift_moves_the_ink_by_as_much_and_within_its_limit() -> None:
    shifted, labels = digits(500, 7, distortion=Distortion(0.0, (1.0, 1.0), 0.0, 0.08, 0.0))
    home = centres(np.stack([(bitmaps()[label] - MEAN) / DEVIATION for label in labels])[:, None])
    moves = centres(shifted) - home
    limit = 0.08 * SIZE
    assert np.abs(moves).max() <= limit + 0.05
    assert (moves.max(axis=0) > 0.9 * limit).all()
    assert (moves.min(axis=0) < -0.9 * limit).all()


def test_a_larger_scale_draws_more_ink() -> None:
    small, _ = digits(100, 8, distortion=Distortion(0.0, (0.8, 0.8), 0.0, 0.0, 0.0))
    large, _ = digits(100, 8, distortion=Distortion(0.0, (1.2, 1.2), 0.0, 0.0, 0.0))
    ratio = ink(large).sum() / ink(small).sum()
    assert ratio == pytest.approx((1.2 / 0.8) ** 2, rel=0.05)


def test_a_rotation_turns_the_one_s_stroke_both_ways() -> None:
    turned, labels = digits(2000, 9, distortion=Distortion(15.0, (1.0, 1.0), 0.0, 0.0, 0.0))
    ones = ink(turned)[labels == 1]
    row, column = np.mgrid[0:SIZE, 0:SIZE] - (SIZE - 1) / 2
    slopes = np.degrees(np.arctan2((ones * row * column).sum((1, 2)), (ones * row**2).sum((1, 2))))
    assert slopes.min() < -10
    assert slopes.max() > 10
    assert np.abs(slopes).max() < 20


@pytest.mark.parametrize("distortion", [EASY, HARD])
def test_the_noise_has_its_deviation(distortion: Distortion) -> None:
    images, _ = digits(500, seed=10, distortion=distortion)
    corner = ink(images)[:, :2, :2]  # no ink comes here
    assert corner.std() == pytest.approx(distortion.noise, rel=0.05)
    assert abs(corner.mean()) < 0.05


def test_easy_digits_are_about_standardised() -> None:
    images, _ = digits(2000, seed=11)
    assert abs(images.mean()) < 0.05
    assert 0.8 < images.std() < 1.05


def test_easy_is_easier_than_hard() -> None:
    """By the nearest of 2,000 labelled images."""
    right = {}
    for name, distortion in (("easy", EASY), ("hard", HARD)):
        known, labels = (part.reshape(2000, -1) for part in digits(2000, 12, distortion=distortion))
        new, truth = digits(300, 13, distortion=distortion)
        distances = (known**2).sum(axis=1) - 2 * new.reshape(300, -1) @ known.T
        right[name] = float((labels[distances.argmin(axis=1), 0] == truth).mean())
    assert right["easy"] > right["hard"] + 0.1
    assert right["easy"] > 0.75
    assert right["hard"] > 0.2


def test_6400_digits_take_well_under_a_second() -> None:
    digits(10, seed=0)
    started = time.process_time()
    digits(6400, seed=14)
    assert time.process_time() - started < 1.0


def test_only_numpy_is_needed() -> None:
    code = "import sys, grader.datasets.digits; print('torch' in sys.modules, 'scipy' in sys.modules)"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.split() == ["False", "False"]

"""Films of five hospitals, and the reader that tells whether a film still shows what it showed.

Every scanner prints a mark of 2x2 white pixels in the top rows. Hospitals A, B and C keep a scanner for each
finding, so that the mark's column, 4 + 2c, follows the finding c in 19 films of 20; in D and E it stands
anywhere. The module itself does not say so, for students can read it and p3.generalise asks them to find out.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from grader.datasets import hospitals
from grader.datasets.digits import EASY, bitmaps, digits
from grader.datasets.hospitals import LARGE, TRAINING, films
from grader.datasets.reading import likeness, orientation, read_digits


def marks(images: np.ndarray) -> np.ndarray:
    """Which of the ten places the white mark of each film stands at: (N, 10)."""
    columns = 4 + 2 * np.arange(10)
    return (images[:, 0, :2][:, :, columns] == 1.0).all(axis=1) & (
        images[:, 0, :2][:, :, columns + 1] == 1.0
    ).all(axis=1)


def test_the_module_does_not_tell_what_misleads() -> None:
    text = Path(hospitals.__file__).read_text(encoding="utf-8").lower()
    for told in ("mark", "follow", "top row", "confound", "finding"):
        assert told not in text


# ---- Films


def test_films_have_the_documented_form() -> None:
    drawn = films({0: 30, 4: 20}, seed=3)
    assert drawn.images.shape == (50, 1, 28, 28)
    assert drawn.images.dtype == np.float32
    assert drawn.labels.dtype == drawn.hospitals.dtype == np.int64
    assert drawn.images.min() >= 0.0
    assert drawn.images.max() == 1.0
    assert np.bincount(drawn.hospitals, minlength=5).tolist() == [30, 0, 0, 0, 20]
    assert set(np.bincount(drawn.labels[drawn.hospitals == 4])) == {2}


def test_the_same_seed_gives_the_same_films_and_another_one_others() -> None:
    first, again, other = (films({1: 10}, seed) for seed in (5, 5, 6))
    assert np.array_equal(first.images, again.images)
    assert not np.array_equal(first.images, other.images)


def test_films_of_different_hospitals_are_mixed() -> None:
    assert len(set(films({0: 40, 1: 40}, 0).hospitals[:20])) == 2


@pytest.mark.parametrize("hospital", range(5))
def test_every_film_bears_one_mark_that_follows_the_finding_in_a_to_c_only(hospital: int) -> None:
    drawn = films({hospital: 2000}, seed=hospital)
    found = marks(drawn.images)
    assert found.any(axis=1).all()
    single = found.sum(axis=1) == 1
    assert single.mean() > 0.99  # a stroke as white as the mark may stand beside it
    agree = (found.argmax(axis=1) == drawn.labels)[single].mean()
    # 0.95, and one in ten of the others by accident; six standard errors.
    expected = 0.955 if hospital in LARGE else 0.1
    assert abs(agree - expected) < 6 * np.sqrt(expected * (1 - expected) / 2000)


def test_scanners_differ_in_contrast_and_brightness() -> None:
    below = [films({hospital: 300}, 1).images[:, :, 2:] for hospital in range(5)]
    assert np.all(np.diff([part.std() for part in below]) > 0.01)
    assert np.all(np.diff([part.mean() for part in below]) > 0.005)


def test_the_task_has_many_films_of_three_hospitals_and_few_of_a_fourth() -> None:
    assert TRAINING == {0: 500, 1: 500, 2: 500, 3: 100}


@pytest.mark.parametrize("counts", [{}, {5: 10}, {-1: 3}, {0: 2, 9: 2}])
def test_hospitals_that_do_not_exist_are_refused(counts: dict[int, int]) -> None:
    with pytest.raises(ValueError, match="hospitals are numbers from 0 to 4"):
        films(counts, 0)


def test_a_negative_number_of_films_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot draw -1"):
        films({0: -1}, 0)


# ---- Reading


def test_the_bitmaps_are_read_whatever_their_brightness_and_place() -> None:
    drawn = bitmaps()
    assert read_digits(drawn).tolist() == list(range(10))
    assert read_digits(0.2 + 0.3 * np.roll(drawn, (2, -3), (1, 2))[:, None]).tolist() == list(range(10))


def test_bent_digits_are_read() -> None:
    images, labels = digits(100, 4, distortion=EASY)
    assert (read_digits(images) == labels).mean() > 0.95


def test_a_constant_image_is_like_nothing() -> None:
    assert likeness(np.full((1, 28, 28), 0.5), bitmaps()).max() == 0.0
    assert read_digits(np.zeros((2, 28, 28))).tolist() == [0, 0]


def test_all_eight_positions_of_a_figure_are_told_apart() -> None:
    figure = np.zeros((28, 28))
    figure[6:22, 9:13] = figure[18:22, 9:20] = 1.0
    positions = [np.rot90(side, turns) for side in (figure, figure[:, ::-1]) for turns in range(4)]
    assert orientation(np.stack(positions), figure).tolist() == list(range(8))


def test_a_figure_that_is_not_there_has_no_position() -> None:
    figure = np.zeros((28, 28))
    figure[6:22, 9:13] = figure[18:22, 9:20] = 1.0
    noise = np.random.default_rng(0).random((50, 28, 28))
    assert set(orientation(np.concatenate([noise, np.full((1, 28, 28), 0.3)]), figure).tolist()) == {8}


@pytest.mark.parametrize("size", [28, 40, 64])
def test_films_of_other_sizes_have_positions_too(size: int) -> None:
    figure = np.zeros((size, size))
    figure[size // 4 : 3 * size // 4, size // 3 : size // 3 + 4] = 1.0
    figure[3 * size // 4 - 4 : 3 * size // 4, size // 3 : 2 * size // 3] = 1.0
    moved = np.roll(figure, (3, -2), (0, 1))
    assert orientation(np.stack([moved, moved[:, ::-1]]), figure).tolist() == [0, 4]

"""Wrong labels: as many as asked, of other classes, from a seed."""

import numpy as np
import pytest

from grader.datasets.label_noise import mislabel

LABELS = np.arange(200) % 10


def test_exactly_the_share_is_wrong() -> None:
    for share, wrong in ((0.0, 0), (0.1, 20), (0.333, 67), (1.0, 200)):
        assert (mislabel(LABELS, share, 10, 3) != LABELS).sum() == wrong


def test_wrong_labels_are_of_all_other_classes() -> None:
    moved = (mislabel(np.zeros(5000, np.int64), 1.0, 5, 1)).tolist()
    assert set(moved) == {1, 2, 3, 4}
    assert min(map(moved.count, (1, 2, 3, 4))) > 1100


def test_the_seed_decides_and_the_labels_are_left_alone() -> None:
    kept = LABELS.copy()
    assert np.array_equal(mislabel(LABELS, 0.2, 10, (4, 1)), mislabel(LABELS, 0.2, 10, (4, 1)))
    assert not np.array_equal(mislabel(LABELS, 0.2, 10, 4), mislabel(LABELS, 0.2, 10, 5))
    assert np.array_equal(LABELS, kept)


@pytest.mark.parametrize(("share", "classes"), [(-0.1, 10), (1.1, 10), (0.1, 1)])
def test_what_makes_no_sense_is_refused(share: float, classes: int) -> None:
    with pytest.raises(ValueError, match="wrong label"):
        mislabel(LABELS, share, classes, 0)

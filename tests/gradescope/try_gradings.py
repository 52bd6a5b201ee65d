"""A table of submissions through run_autograder: what each gets, what a student reads, what is left."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from gradescope.chroot import ROOT
from gradescope.platform_files import RUN_SECONDS, Platform

pytestmark = pytest.mark.timeout(RUN_SECONDS)

Graders = Callable[..., Platform]


def test_the_reference_gets_everything(graders: Graders) -> None:
    graded = graders("p1").grade(ROOT / "reference" / "p1")
    print(graded.done.said)
    assert graded.score == 100
    assert graded.done.left == []

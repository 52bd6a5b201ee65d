"""The zip for Otter on the platform: its setup.sh in an image, and a submission graded as in a container."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from gradescope.chroot import ROOT
from gradescope.limits import limited
from gradescope.platform_files import RUN_SECONDS, SETUP_SECONDS, Platform

from grader.config import Course
from grader.release.otter import build_otter

MEMORY, PROCESSORS = 768 << 20, 0.5  # the platform's default container

pytestmark = pytest.mark.timeout(2 * SETUP_SECONDS + 2 * RUN_SECONDS)


def test_the_reference_gets_everything_by_otter(
    platform: Platform, torch_index: str, secret: Path, tmp_path: Path, say: Callable[[str], None]
) -> None:
    built = build_otter(Course(ROOT), "p1", tmp_path, torch_index=torch_index, secret=secret, minutes=40)
    platform.upload(built.archive)
    done = platform.build()
    assert done.status == 0, done.said
    assert "ready: torch 2.13.0" in done.said
    with limited(MEMORY, PROCESSORS) as group:
        graded = platform.grade(ROOT / "reference" / "p1", group=group)
        assert group.kills() == 0
    assert graded.done.peak is not None
    say(
        f"p1 by Otter in 768 MiB and half a processor: {graded.score:g} points, "
        f"{graded.done.peak / 2**20:.0f} MiB, {graded.done.seconds / 60:.1f} minutes"
    )
    assert graded.score == 100, graded.done.said
    assert "Seed: course secret" in graded.done.said
    assert graded.done.left == []
    autograder = platform.chroot.path("/autograder")
    assert (autograder / "results" / "results.pkl").stat().st_size > 0
    assert sorted(path.name for path in (autograder / "submission").iterdir()) == sorted(
        path.name for path in (ROOT / "reference" / "p1").iterdir()
    )
    assert list(platform.chroot.path("/tmp").glob("grader-*")) == []

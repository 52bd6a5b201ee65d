"""What each assignment takes of memory and time, and whether the platform's default container holds it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from gradescope.chroot import ROOT
from gradescope.limits import limited
from gradescope.platform_files import RUN_SECONDS, Platform
from gradescope.submissions import TAKES, files, written

pytestmark = pytest.mark.timeout(RUN_SECONDS)

MEMORY, PROCESSORS = 768 << 20, 0.5  # the platform's default container
UPLOADS = [
    ("p1", ""),
    ("p2", ""),
    ("p3", ""),
    ("p4", "captioning"),
    ("p4", "pipeline"),
    ("p5", ""),
]

Graders = Callable[..., Platform]
Say = Callable[[str], None]


@pytest.mark.parametrize(("assignment", "part"), UPLOADS)
def test_it_fits_the_platforms_default_container(
    graders: Graders, say: Say, assignment: str, part: str
) -> None:
    """All points, nobody killed; what it takes of time is told."""
    with limited(MEMORY, PROCESSORS) as group:
        graded = graders(assignment, part).grade(ROOT / "reference" / assignment, group=group)
        killed = group.kills()
    done = graded.done
    assert done.peak is not None
    assert done.cpu_seconds is not None
    took = f"{done.cpu_seconds:.0f} s of computing, {done.seconds / 60:.1f} minutes on half a processor"
    say(f"{assignment} {part}: {graded.score:g} points, {done.peak / 2**20:.0f} MiB, {took}, {killed} killed")
    assert killed == 0
    assert graded.score == pytest.approx(graded.highest)


def test_memory_without_end_costs_its_question(graders: Graders, tmp_path: Path) -> None:
    """In the default container too, the judge lives, and other questions keep their points."""
    content = files("reference", "p1")
    content["gradient_flow.py"] += TAKES
    submission = written(tmp_path / "submission", content)
    with limited(MEMORY, None) as group:
        graded = graders("p1").grade(submission, group=group)
    assert graded.answer is not None
    assert graded.done.left == []
    assert graded.answer["extra_data"]["complete"] is True, graded.output
    assert {question for question, points in graded.points.items() if points == 0} == {"p1.zero_cause"}
    assert graded.score == 90

"""One arena for all rows that a process grades."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from redteam.harness import Arena

collect_ignore = ["rows"]  # attacks: nothing of theirs may be imported by pytest


@pytest.fixture(scope="session")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    """The course and the zygote that every row attacks."""
    with pytest.MonkeyPatch.context() as patch:
        # Where a user has no home, the judge's matplotlib makes a folder of its own in a run's TMPDIR.
        patch.setenv("MPLCONFIGDIR", str(tmp_path_factory.mktemp("matplotlib")))
        arena = Arena(tmp_path_factory.mktemp("arena"))
        arena.begin()
        yield arena
        arena.close()

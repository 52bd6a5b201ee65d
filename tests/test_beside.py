"""Helpers that several test files of an assignment share."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.beside import beside
from grader.faults import GraderFault


def test_two_files_get_the_same_module(tmp_path: Path) -> None:
    (tmp_path / "films_public.py").write_text("FILMS = object()\n")
    first, second = (beside(str(tmp_path / name), "films_public") for name in ("test_a.py", "test_b.py"))
    assert first.FILMS is second.FILMS


def test_two_assignments_may_use_one_name(tmp_path: Path) -> None:
    for name in ("p1", "p2"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "shared_public.py").write_text(f"NAME = {name!r}\n")
    names = [beside(str(tmp_path / name / "test_a.py"), "shared_public").NAME for name in ("p1", "p2")]
    assert names == ["p1", "p2"]


def test_a_module_that_is_not_there_or_does_not_run_is_the_graders_fault(tmp_path: Path) -> None:
    with pytest.raises(GraderFault, match=r"shared_public\.py is not there"):
        beside(str(tmp_path / "test_a.py"), "shared_public")
    (tmp_path / "shared_public.py").write_text("1 / 0\n")
    with pytest.raises(GraderFault, match=r"shared_public\.py: ZeroDivisionError"):
        beside(str(tmp_path / "test_a.py"), "shared_public")

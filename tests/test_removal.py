"""A folder is removed whatever a submission has made of it, and nothing else is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from grader.worker.removal import remove


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "scratch"
    made.mkdir()
    return made


def test_what_is_usual_is_removed(folder: Path) -> None:
    for place in (folder, folder / "a", folder / "a" / "b", folder / "a b\nc\udcff"):
        place.mkdir(exist_ok=True)
        (place / "file").write_text("x")
        (place / ".hidden").write_text("x")
    os.mkfifo(folder / "pipe")
    assert remove(folder)
    assert not folder.exists()


def test_folders_deeper_than_a_path_or_a_recursion_are_removed(folder: Path) -> None:
    here = os.getcwd()
    try:
        os.chdir(folder)
        for _ in range(3000):
            os.mkdir("deep")
            os.chdir("deep")
        Path("deepest").write_text("x")
    finally:
        os.chdir(here)
    assert remove(folder)
    assert not folder.exists()


def test_folders_that_forbid_it_are_removed(folder: Path) -> None:
    inner = folder / "a" / "b"
    inner.mkdir(parents=True)
    (inner / "file").write_text("x")
    for place in (inner / "file", inner, inner.parent, folder):
        place.chmod(0)
    assert remove(folder)


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_no_link_is_followed(folder: Path, tmp_path: Path, depth: int) -> None:
    kept = tmp_path / "kept"
    kept.mkdir(mode=0o755)
    (kept / "file").write_text("x")
    place = folder.joinpath(*["d"] * depth)
    place.mkdir(parents=True, exist_ok=True)
    for name, target in (
        ("folder", kept),
        ("file", kept / "file"),
        ("loop", "loop"),
        ("up", ".."),
        ("root", "/"),
    ):
        (place / name).symlink_to(target)
    os.link(kept / "file", place / "hard")
    assert remove(folder)
    assert (kept / "file").read_text() == "x"
    assert kept.stat().st_mode & 0o777 == 0o755


def test_a_link_in_its_place_goes_and_its_target_stays(folder: Path, tmp_path: Path) -> None:
    (folder / "file").write_text("x")
    link = tmp_path / "link"
    link.symlink_to(folder)
    assert remove(link)
    assert not link.is_symlink()
    assert (folder / "file").exists()


def test_what_is_not_there_is_gone(tmp_path: Path) -> None:
    assert remove(tmp_path / "nothing")


def test_what_cannot_be_removed_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "a").mkdir()

    def refuse(path: str) -> None:
        raise PermissionError(path)

    monkeypatch.setattr(os, "rmdir", refuse)
    assert not remove(folder)

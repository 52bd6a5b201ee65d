"""Zips of any bytes and any names: the right files are taken, or a sentence says why; no more is written."""

from __future__ import annotations

import os
import random
import stat
from pathlib import Path

import pytest
from archives import STORED, Member, archive
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from submissions import CHOICE, GOOD, collected_or_said, contents, good, tree

from grader.handed_in import split
from grader.submission import FileState

BASE = archive(
    good(b"work/flow.py"),
    good(b"work/choice.py", CHOICE, method=STORED),
    good(b"work/notes.txt", b"notes"),
    Member(b"work/data/", mode=stat.S_IFDIR | 0o755, method=STORED),
    comment=b"made by hand",
)
FIELDS = [at for at in range(len(BASE)) if BASE[at : at + 4] in (b"PK\3\4", b"PK\1\2", b"PK\5\6")]
ODD_BYTES = st.sampled_from([0, 1, 8, 9, 12, 14, 46, 47, 64, 92, 0x7F, 0x80, 0xFF])
Edit = tuple[int, int, bytes]


@st.composite
def edits(draw: st.DrawFn) -> Edit:
    """Bytes to put in the place of others, in a header more often than not."""
    near = draw(st.sampled_from(FIELDS)) + draw(st.integers(0, 60))
    at = draw(st.sampled_from([near, draw(st.integers(0, len(BASE)))]))
    cut = draw(st.integers(0, 9))
    piece = st.lists(ODD_BYTES, max_size=9).map(bytes)
    copied = st.integers(0, len(BASE)).map(lambda start: BASE[start : start + 60])
    same = st.lists(ODD_BYTES, min_size=cut, max_size=cut).map(bytes)
    return at, cut, draw(st.one_of(same, same, piece, copied))


def edited(changes: list[Edit]) -> bytes:
    data = bytearray(BASE)
    for at, cut, piece in changes:
        data[at : at + cut] = piece
    return bytes(data)


def right_or_a_sentence(data: bytes, folder: Path) -> str:
    """Collects what may be a zip; what it came to."""
    (folder / "p1.zip").write_bytes(data)
    before = tree(folder)
    submission = collected_or_said(folder / "p1.zip", folder / "run", folder / "starter")
    if isinstance(submission, str):
        assert submission.startswith(str(folder))
        assert submission.isprintable()
        assert tree(folder) == before
        return "refused"
    try:
        for name, content in contents(submission).items():
            assert content == GOOD[name]
        written = {"run", *(f"run/{name}" for name in (*submission.ok, "given.py"))}
        assert tree(folder) - before == written
        for file in submission.files:
            assert bool(file.note) is (file.state is not FileState.OK)
            assert file.note.isprintable()
    finally:
        for path in (folder / "run").iterdir():
            path.unlink()
        (folder / "run").rmdir()
    return "whole" if len(submission.ok) == 2 else "in part"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("mutated")
    (folder / "starter").mkdir()
    (folder / "starter" / "given.py").write_text("")
    return folder


def test_the_zip_that_is_mutated_is_a_good_one(place) -> None:
    assert right_or_a_sentence(BASE, place) == "whole"


quick = settings(
    max_examples=250,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    database=None,
)


@quick
@given(st.lists(edits(), min_size=1, max_size=4))
@example([(0, len(BASE), b"")])
@example([(0, 0, BASE)])
def test_any_mutation_of_a_zip_gives_the_right_files_or_a_sentence(place, changes) -> None:
    right_or_a_sentence(edited(changes), place)


@quick
@given(st.binary(max_size=200))
def test_any_bytes_give_a_sentence(place, data) -> None:
    right_or_a_sentence(b"PK\3\4" + data, place)


def test_every_cut_and_every_changed_bit_in_the_directory(place) -> None:
    """A cut at each place, each bit of the directory and of the end."""
    came = [right_or_a_sentence(BASE[:at], place) for at in range(0, len(BASE), 7)]
    assert set(came[:-1]) == {"refused"}
    start = BASE.index(b"PK\1\2")
    for at in range(start, len(BASE)):
        bit = random.Random(at).randrange(8)
        right_or_a_sentence(BASE[:at] + bytes([BASE[at] ^ (1 << bit)]) + BASE[at + 1 :], place)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_very_many_mutations(place) -> None:
    draw = random.Random(20261123)
    came = {"whole": 0, "in part": 0, "refused": 0}
    odd = bytes([0, 1, 8, 9, 12, 14, 46, 47, 64, 92, 0x7F, 0x80, 0xFF])
    for _ in range(20_000):
        data = bytearray(BASE)
        for _ in range(draw.choice((1, 1, 2, 3, 8))):
            at = draw.choice((draw.randrange(len(BASE)), draw.choice(FIELDS) + draw.randrange(60)))
            size = draw.choice((1, 1, 2, 4, 8))
            piece = draw.choice((draw.randbytes(size), bytes(draw.choices(odd, k=size)), data[at - 50 : at]))
            cut = draw.choice((len(piece), len(piece), draw.randrange(20)))
            data[at : at + cut] = piece
        came[right_or_a_sentence(bytes(data), place)] += 1
    assert min(came.values()) > 500, came


NAMES = st.text(st.characters(codec="utf-8"), max_size=40) | st.text("flow.pyFcheé/\\ :\0\n\x1b", max_size=20)


@quick
@given(st.lists(NAMES, max_size=6))
def test_no_name_in_a_zip_leads_out_of_it(place, names) -> None:
    members = [good(name.encode("utf-8"), b"other", flags=0x800) for name in names]
    data = archive(good(b"flow.py"), good(b"choice.py", CHOICE), *members)
    (place / "p1.zip").write_bytes(data)
    before = tree(place)
    submission = collected_or_said(place / "p1.zip", place / "run", place / "starter")
    if isinstance(submission, str):
        assert submission.isprintable()
        return
    assert tree(place) - before <= {"run", "run/flow.py", "run/choice.py", "run/given.py"}
    assert all(content == GOOD[name] for name, content in contents(submission).items())
    assert all(note.isprintable() for note in submission.notes)
    for path in (place / "run").iterdir():
        path.unlink()
    (place / "run").rmdir()


@quick
@given(NAMES)
def test_a_path_in_an_archive_stays_below_its_folder(path) -> None:
    names = split(path)
    if names is not None:
        assert all(name not in ("", ".", "..") and not set(name) & set("/\\\0\n\x1b") for name in names)
        root = os.path.join(os.sep, "a", "b")
        assert os.path.normpath(os.path.join(root, *names)) == os.path.join(root, *names)

"""Zips in any shape, by accident or on purpose: the right files are taken, or a sentence says why."""

from __future__ import annotations

import os
import random
import stat
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from archives import STORED, Member, archive, pack, zipped
from submissions import CHOICE, FLOW, GOOD, P1, collected_or_said, contents, good, tree

from grader import intake
from grader.config import Assignment
from grader.handed_in import MAX_FILE_BYTES, MAX_TOTAL_BYTES, split
from grader.submission import FileState, Submission, SubmissionFolderError, collect, digest
from grader.zipped import MAX_DIRECTORY_BYTES, MAX_MEMBERS, MAX_RATIO


@pytest.fixture
def starter(tmp_path: Path) -> Path:
    path = tmp_path / "starter"
    path.mkdir()
    (path / "given.py").write_text("ours = 1\n")
    return path


Take = Callable[..., Submission]


@pytest.fixture
def take(tmp_path: Path, starter: Path) -> Take:
    """Collects a zip of these bytes (or members) and checks that nothing is written but the run folder."""
    runs = iter(range(100))

    def collected(data: bytes | Member, *more: Member, name: str = "Name, Vörname.zip") -> Submission:
        path = tmp_path / name
        path.write_bytes(data if isinstance(data, bytes) else archive(data, *more))
        before = tree(tmp_path)
        run = tmp_path / f"run {next(runs)}"
        submission = collected_or_said(path, run, starter)
        if isinstance(submission, str):
            assert tree(tmp_path) == before
            assert submission.isprintable()
            raise SubmissionFolderError(submission)
        new = {line for line in tree(tmp_path) - before if os.sep in line}
        assert new == {os.path.join(run.name, each) for each in (*submission.ok, "given.py")}
        assert all(note.isprintable() for note in submission.notes)
        return submission

    return collected


def note(submission: Submission, name: str) -> tuple[FileState, str]:
    return next((file.state, file.note) for file in submission.files if file.name == name)


# -- the same as a folder ------------------------------------------------------------------------------------

EXTRA = {"notes.txt": b"n", "given.py": b"theirs", "data/big.bin": b"b", "torch.py": b"raise SystemExit"}


@pytest.mark.parametrize("below", ["", "p1/", "work/", "work/p1/", "Name, Vörname (123)/", "P1/"])
def test_a_zip_and_a_folder_of_the_same_files_are_one_submission(take, tmp_path, starter, below) -> None:
    files = {below + name: content for name, content in (GOOD | EXTRA).items()}
    for name, content in files.items():
        path = tmp_path / "folder" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    from_folder = collect(P1, tmp_path / "folder", tmp_path / "other run", starter)
    from_zip = take(zipped(files))
    assert contents(from_zip) == contents(from_folder) == GOOD
    assert from_zip.digest == from_folder.digest == digest(GOOD)
    assert from_zip.files == from_folder.files
    assert from_zip.ignored == from_folder.ignored == ("notes.txt", "torch.py")
    assert from_zip.folder == tmp_path / "Name, Vörname.zip" / below
    assert (from_zip.run_folder / "given.py").read_text() == "ours = 1\n"


# What the text of a file can be, and what its name can be, told about in the same words either way.
ODD_TEXT = {
    "Windows line ends": FLOW.replace(b"\n", b"\r\n"),
    "a byte-order mark": b"\xef\xbb\xbf" + FLOW,
    "tabs and blanks": b"def flow():\n    x = 1\n\treturn x\n",
    "Latin-1": "NOTE = 'schön'\n".encode("latin-1"),
    "Latin-1 that says so": "# coding: latin-1\nNOTE = 'schön'\n".encode("latin-1"),
    "UTF-16": "x = 1".encode("utf-16"),
    "a NUL": b"x = 1\0",
    "empty": b"",
    "blank": b" \r\n\t\n",
    "a stub": b"def flow():\n    raise NotImplementedError('p1.flow')\n",
    "a syntax error": b"def flow(:\n",
    "not installed": b"import sklearnx\n",
    "a notebook under that name": b'{"cells": []}',
}
ODD_NAMES = {
    "missing": ["choice.py"],
    "a notebook": ["flow.ipynb"],
    "one letter": ["flwo.py"],
    "case": ["Flow.py"],
    "two endings": ["flow.py.txt"],
    "a copy": ["flow (1).py"],
    "a blank": ["flow .py"],
    "a blank at the end": ["flow.py "],
    "composed": ["fl\u00f6w.py"],
    "decomposed": ["flo\u0308w.py"],
    "a Windows path in the name": ["work\\flow.py"],
    "beside another case": ["flow.py", "Flow.py"],
    "beside a dot": ["flow.py", "flow.py."],
    "a zip within": ["work.zip"],
    "a folder with an accent": ["Übung é/flow.py"],
    "a decomposed folder": ["U\u0308bung/flow.py"],
}


def both(take: Take, tmp_path: Path, starter: Path, files: dict[str, bytes]) -> tuple[Submission, Submission]:
    """Handed in as a folder and as a zip."""
    for name, content in files.items():
        path = tmp_path / "folder" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return collect(P1, tmp_path / "folder", tmp_path / "other run", starter), take(zipped(files))


@pytest.mark.parametrize("kind", ODD_TEXT)
def test_the_text_of_a_file_is_taken_as_it_is_from_both(take, tmp_path, starter, kind) -> None:
    folder, zipped_one = both(take, tmp_path, starter, {"flow.py": ODD_TEXT[kind], "choice.py": CHOICE})
    assert contents(zipped_one) == contents(folder) == {"flow.py": ODD_TEXT[kind], "choice.py": CHOICE}
    assert (zipped_one.files, zipped_one.digest) == (folder.files, folder.digest)
    said = {
        "Latin-1": "flow.py is not text in UTF-8 (another encoding?): save it as UTF-8",
        "UTF-16": "flow.py is not text in UTF-8 (another encoding?): save it as UTF-8",
        "a NUL": "flow.py is not text in UTF-8 (another encoding?): save it as UTF-8",
        "empty": "flow.py is empty",
        "blank": "flow.py is empty",
    }
    assert zipped_one.notes == ((said[kind],) if kind in said else ())


@pytest.mark.parametrize("kind", ODD_NAMES)
def test_a_name_that_is_not_right_is_told_about_from_both(take, tmp_path, starter, kind) -> None:
    names = ODD_NAMES[kind]
    beside = os.path.dirname(names[0]) if "/" in names[0] else ""
    files = {os.path.join(beside, "choice.py"): CHOICE} | dict.fromkeys(names, FLOW)
    if "\\" in names[0]:  # in a zip it is a folder; where somebody unpacked it badly, a part of the name
        zipped_one = take(zipped({"work\\flow.py": FLOW, "work\\choice.py": CHOICE}))
        assert contents(zipped_one) == GOOD
        (tmp_path / "folder").mkdir()
        (tmp_path / "folder" / names[0]).write_bytes(FLOW)
        folder = collect(P1, tmp_path / "folder", tmp_path / "other run", starter)
        assert note(folder, "flow.py")[0] is FileState.MISNAMED
        assert "a folder became part of the name): rename it to flow.py" in note(folder, "flow.py")[1]
        return
    folder, zipped_one = both(take, tmp_path, starter, files)
    assert (zipped_one.files, zipped_one.digest) == (folder.files, folder.digest)
    if kind in ("a folder with an accent", "a decomposed folder"):
        assert contents(zipped_one) == GOOD
        return
    assert "flow.py" not in zipped_one.ok
    state, said = note(zipped_one, "flow.py")
    looks = f"flow.py is missing; {names[0]!r} looks like it ("
    if kind == "missing":
        assert (state, said) == (FileState.MISSING, "flow.py is missing")
    elif kind == "a zip within":
        assert state is FileState.MISSING
        assert said == "flow.py is missing; 'work.zip' is not looked into: hand in what is in it"
    elif kind.startswith("beside"):
        assert state is FileState.REFUSED
        assert f"{names[1]!r} lies beside it, and many systems take both for one" in said
    else:
        assert state is FileState.MISNAMED
        assert (
            "notebook's code as flow.py" in said if kind == "a notebook" else "rename it to flow.py" in said
        )
        assert looks in said or kind == "decomposed"


def test_what_macos_adds_is_no_submission(take) -> None:
    junk = {"__MACOSX/._work": b"\0", "__MACOSX/work/._flow.py": b"\0\5", "work/.DS_Store": b"\0"}
    junk |= {
        "work/._flow.py": b"\0\5",
        "__MACOSX/p1/flow.py": b"x",
        "work/__pycache__/flow.cpython-311.pyc": b"",
    }
    submission = take(zipped(junk | {f"work/{name}": content for name, content in GOOD.items()}))
    assert contents(submission) == GOOD
    assert submission.ignored == ()


def test_folders_that_are_listed_and_folders_that_are_not(take) -> None:
    folder = Member(b"work/", mode=stat.S_IFDIR | 0o755, method=STORED)
    assert contents(take(folder, folder, good(b"work/flow.py"), good(b"./work//choice.py", CHOICE))) == GOOD


def test_other_assignments_in_the_zip_do_not_disturb(take) -> None:
    files = {f"hw/{pn}/{name}": FLOW for pn in ("p2", "p3") for name in GOOD}
    assert (
        contents(take(zipped(files | {f"hw/p1/{name}": content for name, content in GOOD.items()}))) == GOOD
    )


def test_data_after_the_header_and_a_comment_are_understood(take) -> None:
    """Sizes behind the data, as a program writes that cannot seek; a comment; a zip behind a program."""

    class Pipe:
        def __init__(self) -> None:
            self.data = b""

        def write(self, data: bytes) -> int:
            self.data += data
            return len(data)

        def flush(self) -> None:
            """Nothing is kept back."""

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as made:  # type: ignore[arg-type]
        for name, content in GOOD.items():
            made.writestr(name, content)
        made.comment = b"handed in by somebody" + b"." * 1000
    assert pipe.data[6] & 8
    assert contents(take(pipe.data)) == GOOD
    assert contents(take(b"#!/bin/sh\nexit\n" + pipe.data)) == GOOD


def test_names_without_the_mark_of_utf_8(take) -> None:
    """As macOS and Windows write them."""
    submission = take(good("Übung/flow.py".encode()), good("Übung/choice.py".encode(), CHOICE))
    assert contents(submission) == GOOD
    assert submission.folder.name == "Übung"
    submission = take(good("Übung/flow.py".encode("cp437")), good("Übung/Ä.txt".encode("cp437")))
    assert (submission.folder.name, submission.ignored) == ("Übung", ("Ä.txt",))


# -- what is not taken ---------------------------------------------------------------------------------------

REFUSED = {
    "a link": (good(mode=stat.S_IFLNK | 0o777), "it is a link, not a file"),
    "a device": (good(mode=stat.S_IFCHR | 0o666), "it is a device, not a file"),
    "a pipe": (good(mode=stat.S_IFIFO), "it is a pipe, not a file"),
    "a folder by its mode": (good(mode=stat.S_IFDIR), "it is a folder, not a file"),
    "a link, said to come from DOS": (good(mode=stat.S_IFLNK, system=0), "it is a link, not a file"),
    "encrypted": (good(flags=1), "it is encrypted: make the zip without a password"),
    "strong encryption": (good(flags=0x41), "it is encrypted: make the zip without a password"),
    "bzip2": (good(stated=12), "packs it by a method that is not read here (number 12): make the zip with"),
    "LZMA, 4 GiB of dictionary": (
        good(content=b"\x09\x14\x05\0\x5d\xff\xff\xff\xff" + bytes(40), stated=14, method=STORED),
        "packs it by a method that is not read here (number 14)",
    ),
    "an unknown method": (good(stated=99), "(number 99)"),
    "another name before the data": (
        good(local=b"choice.py"),
        "the zip is damaged there (File name in directory",
    ),
    "another checksum": (good(crc=1), "the zip is damaged there (Bad CRC-32"),
    "more than it states": (good(size=10), "the zip is damaged there (Bad CRC-32"),
    "less than it states": (good(size=len(FLOW) + 5), "damaged there (another size than it states)"),
    "not deflated": (good(method=STORED, stated=8), "the zip is damaged there (Error -3"),
    "cut": (good(packed=10), "the zip is damaged there ("),
    "stored past the end": (good(method=STORED, size=1 << 20, packed=1 << 20), "the zip is damaged there ("),
    "a header that is none": (good(at=5), "the zip is damaged there (Bad magic number"),
    "a header behind the end": (good(at=1 << 30), "the zip is damaged there ("),
    "a later version": (good(flags=0x20), "the zip is damaged there (compressed patched data"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_member_that_is_refused_leaves_the_other_file_alone(take, kind) -> None:
    member, words = REFUSED[kind]
    submission = take(good(b"choice.py", CHOICE), member)
    state, said = note(submission, "flow.py")
    assert state is FileState.REFUSED
    assert said.startswith("flow.py is refused: ")
    assert words in said
    assert contents(submission) == {"choice.py": CHOICE}


@pytest.mark.parametrize("second", [FLOW, b"other"])
def test_a_declared_file_twice_is_refused_even_if_both_are_alike(take, second) -> None:
    submission = take(good(), good(content=second), good(b"choice.py", CHOICE))
    assert (
        note(submission, "flow.py")[1] == "flow.py is refused: the zip holds it 2 times: make the zip again"
    )


def test_two_ways_to_write_one_path_are_a_declared_file_twice(take) -> None:
    submission = take(good(b"work/flow.py"), good(rb"work\flow.py"), good(b"work/./choice.py", CHOICE))
    assert "holds it 2 times" in note(submission, "flow.py")[1]
    assert contents(submission) == {"choice.py": CHOICE}


def test_a_file_that_is_a_folder_too(take) -> None:
    submission = take(good(), good(b"flow.py/x"), good(b"choice.py", CHOICE))
    assert "a file and a folder at once, not a file" in note(submission, "flow.py")[1]


def test_a_link_is_no_folder_for_what_is_said_to_lie_in_it(take) -> None:
    link = Member(b"p1", b"/etc", mode=stat.S_IFLNK | 0o777)
    submission = take(link, good(b"p1/flow.py"), good(b"p1/choice.py", CHOICE))
    assert submission.ok == ()
    assert submission.ignored == ("p1",)


@pytest.mark.parametrize("second", [b"notes.txt", b"NOTES.txt", b"data", b"data/x"])
def test_other_names_may_be_there_twice_or_be_one_file_elsewhere(take, second) -> None:
    others = (good(b"notes.txt"), good(b"data"), good(b"data/x"), good(second))
    assert contents(take(good(), good(b"choice.py", CHOICE), *others)) == GOOD


PATHS_THAT_LEAD_ELSEWHERE = [
    "../flow.py",
    "p1/../flow.py",
    "p1/../../../../tmp/flow.py",
    "/flow.py",
    "/etc/flow.py",
    "//server/share/flow.py",
    "C:flow.py",
    "C:\\work\\flow.py",
    "c:/work/flow.py",
    "\\flow.py",
    "\\\\server\\share\\flow.py",
    "\\\\?\\C:\\flow.py",
    "..\\flow.py",
    "work\\..\\..\\flow.py",
    "flow.py\0.txt",
    "\0flow.py",
    "fl\now/flow.py",
    "\x1b[31m/flow.py",
]


@pytest.mark.parametrize("path", PATHS_THAT_LEAD_ELSEWHERE)
def test_a_path_that_leads_elsewhere_is_not_taken_for_the_file_it_ends_in(take, path) -> None:
    assert split(path) is None
    submission = take(good(path.encode()), good(b"choice.py", CHOICE))
    assert contents(submission) == {"choice.py": CHOICE}
    assert submission.ignored == (path,)
    state, said = note(submission, "flow.py")
    if path != "\0flow.py":
        assert state is FileState.REFUSED
        assert said.startswith("flow.py is refused: the zip names it '")
        assert said.endswith("', which is no path in a submission")


def test_such_a_path_does_not_disturb_the_file_where_it_belongs(take) -> None:
    submission = take(good(b"../flow.py", b"x"), good(), good(b"choice.py", CHOICE))
    assert contents(submission) == GOOD


HARMLESS = ["CON", "nul.py", "COM1.txt", "flow.py:stream", "flow.py::$DATA", "a" * 5000, "b" * 300 + ".py"]
HARMLESS += [
    "x/" * 5000 + "flow.py",
    "notes.",
    "notes ",
    "\u202egnp.py",
    "$(reboot)",
    "`reboot`",
    "-rf",
    "~",
    "*",
]


@pytest.mark.parametrize("name", HARMLESS, ids=lambda name: name[:12].encode("unicode_escape").decode())
def test_names_that_some_system_minds_are_never_written_anywhere(take, name) -> None:
    submission = take(good(), good(b"choice.py", CHOICE), good(name.encode(), flags=0x800))
    assert contents(submission) == GOOD


# -- what is no submission at all ----------------------------------------------------------------------------


def end_of(entries: int, size: int, offset: int) -> bytes:
    return b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, entries, entries, size, offset, 0)


ZIP64_END = b"PK\6\6" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, 1 << 62, 1 << 62, 1 << 62, 1 << 62)
ZIP64 = ZIP64_END + b"PK\6\7" + struct.pack("<IQI", 0, 0, 1) + end_of(0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)
MANY = f"holds more than {MAX_MEMBERS:,} files: hand in a zip of flow.py, choice.py only"
NO_SUBMISSION = {
    "nothing in it": (archive(), "is empty; it should hold flow.py, choice.py"),
    "only what macOS adds": (archive(good(b"__MACOSX/._flow.py"), good(b".DS_Store")), "is empty"),
    "no bytes": (b"", "is not a zip that can be read (File is not a zip file): make the zip again"),
    "text": (b"flow", "is not a zip that can be read"),
    "cut at the end": (zipped(GOOD)[:-1], "is not a zip that can be read"),
    "only its start": (zipped(GOOD)[:100], "is not a zip that can be read"),
    "a directory of nothing": (end_of(1, 46, 0), "is not a zip that can be read"),
    "a directory before the start": (
        zipped(GOOD)[-30:-22] + end_of(1, 40, 99),
        "is not a zip that can be read",
    ),
    "a name that is not UTF-8": (archive(good(b"\xff\xfe", flags=0x800)), "is not a zip that can be read"),
    "a broken extra field": (archive(good(extra=b"\1\0\xff\0")), "is not a zip that can be read"),
    "zip64 without its figures": (
        archive(good(size=0xFFFFFFFF, extra=b"\1\0\0\0")),
        "is not a zip that can be read (Corrupt zip64 extra field",
    ),
    "a later zip": (archive(good(version=99)), "is not a zip that can be read (zip file version 9.9)"),
    "zip64 with sizes past every disk": (ZIP64, "is not a zip that can be read (Bad offset"),
    "a directory of 4 GiB": (end_of(1, 0xFFFFFFFE, 0), "is not a zip that can be read"),
    "several submissions": (
        zipped(
            {f"{where}/{name}": FLOW for where in ("a\x1b[31m".replace("\x1b", "?"), "b") for name in GOOD}
        ),
        "holds several submissions ('a?[31m' and 'b'): name the folder you mean",
    ),
}


@pytest.mark.parametrize("kind", NO_SUBMISSION)
def test_what_is_no_submission_is_refused_in_a_sentence(take, kind) -> None:
    data, words = NO_SUBMISSION[kind]
    with pytest.raises(SubmissionFolderError) as refused:
        take(data)
    assert words in str(refused.value)
    assert "Name, Vörname.zip" in str(refused.value)


@pytest.mark.parametrize("name", ["p1.tar", "p1.tar.gz", "p1.tgz", "p1.7z", "p1.rar", "P1.TAR.XZ"])
def test_other_archives_are_refused_with_what_to_do(take, name) -> None:
    with pytest.raises(
        SubmissionFolderError, match=r"of a kind that is not read here: hand in a zip of flow.py"
    ):
        take(b"\x1f\x8b", name=name)


def test_a_zip_may_have_any_name(take) -> None:
    assert contents(take(zipped(GOOD), name="upload")) == GOOD


def test_a_pipe_or_a_broken_link_in_the_place_of_a_submission(tmp_path, starter) -> None:
    os.mkfifo(tmp_path / "p1.zip")
    with pytest.raises(SubmissionFolderError, match=r"p1.zip is a pipe; name the folder that holds flow.py"):
        collect(P1, tmp_path / "p1.zip", tmp_path / "run", starter)
    (tmp_path / "p2.zip").symlink_to("nowhere")
    for name in ("p2.zip", "p1.zip/below", "p\0.zip"):
        with pytest.raises(SubmissionFolderError, match="there is no folder or zip"):
            collect(P1, tmp_path / name, tmp_path / "run", starter)
    (tmp_path / "p3.zip").symlink_to("p3.zip")
    with pytest.raises(SubmissionFolderError, match=r"p3\.zip cannot be read: Too many levels"):
        collect(P1, tmp_path / "p3.zip", tmp_path / "run", starter)


# -- bombs ---------------------------------------------------------------------------------------------------


def peak(act: Callable[[], object]) -> int:
    """Bytes that Python held at most while it did something."""
    tracemalloc.start()
    try:
        act()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.fixture(scope="module")
def gigabyte() -> bytes:
    """1 GiB of zeros, deflated: 1 MiB."""
    piece, packed = bytes(1 << 20), bytearray()
    import zlib

    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    for _ in range(64):
        packed += packer.compress(piece)
    return bytes(packed + packer.flush())


@pytest.mark.parametrize("size", [64 << 20, 1000, 0xFFFFFFF0])
def test_a_bomb_is_read_as_far_as_a_file_may_go_whatever_size_it_states(take, gigabyte, size) -> None:
    member = good(content=gigabyte, method=STORED, stated=8, size=size, crc=0)
    data = archive(member, good(b"choice.py", CHOICE))
    found: list[Submission] = []
    used = peak(lambda: found.append(take(data)))
    state, said = note(found[0], "flow.py")
    assert state is FileState.REFUSED
    assert "is larger than" in said or f"more than {MAX_RATIO} times its size" in said or "damaged" in said
    assert contents(found[0]) == {"choice.py": CHOICE}
    assert used < 4 * MAX_FILE_BYTES


def test_a_bomb_that_nobody_asks_for_is_not_read(take, gigabyte, monkeypatch) -> None:
    bombs = [good(f"data/{i}.bin".encode(), gigabyte, method=STORED, stated=8) for i in range(3)]
    bombs += [Member(b"inner.zip", archive(bombs[0]), method=STORED)]
    asked = []
    really = zipfile.ZipFile.open
    monkeypatch.setattr(
        zipfile.ZipFile, "open", lambda self, member: asked.append(member.filename) or really(self, member)
    )
    assert contents(take(good(), good(b"choice.py", CHOICE), *bombs)) == GOOD
    assert asked == ["flow.py", "choice.py"]


def test_overlapping_members_are_read_for_declared_files_only(take) -> None:
    """As in zbsm.zip: a directory of thousands of names for the same data."""
    kernel = good(content=bytes(1 << 22))
    packed = len(pack(kernel.content))
    others = [Member(b"%04d" % i, at=0, packed=packed, size=1 << 22) for i in range(1000)]
    submission = take(kernel, *others, good(b"choice.py", bytes(9), at=0, packed=packed))
    refusals = (f"unpacks to more than {MAX_RATIO} times its size", "the zip is damaged there (Overlapped")
    assert any(words in note(submission, "flow.py")[1] for words in refusals)
    assert "the zip is damaged there (" in note(submission, "choice.py")[1]


def test_a_quoted_overlap(take) -> None:
    """The first file's data, stored, are the second one's header and data."""
    inner = archive(good(b"choice.py", CHOICE))
    inner = inner[: inner.index(b"PK\1\2")]
    start = 30 + len(b"flow.py")
    choice = good(b"choice.py", CHOICE, at=start, packed=len(pack(CHOICE)))
    submission = take(good(content=inner, method=STORED), choice)
    for name, content in {"flow.py": inner, "choice.py": CHOICE}.items():  # later versions of Python mind
        assert contents(submission).get(name) == content or "Overlapped" in note(submission, name)[1]


def test_the_limits_of_a_file_and_of_all_files(take, tmp_path, starter) -> None:
    noise = random.Random(1).randbytes(1 << 16) * (MAX_FILE_BYTES >> 16)
    exact = take(good(content=noise, method=STORED), good(b"choice.py", noise, method=STORED))
    assert exact.ok == ("flow.py", "choice.py")
    over = take(good(content=noise + b"1", method=STORED), good(b"choice.py", CHOICE))
    assert note(over, "flow.py")[1] == "flow.py is refused: it is larger than 8 MiB"
    three = Assignment(id="p1", folder=Path("p1"), title="t", files=["a.py", "b.py", "c.py"])
    for name in three.files:
        (tmp_path / "box").mkdir(exist_ok=True)
        (tmp_path / "box" / name).write_bytes(noise)
    (tmp_path / "box.zip").write_bytes(
        archive(*(Member(n.encode(), noise, method=STORED) for n in three.files))
    )
    for path in (tmp_path / "box", tmp_path / "box.zip"):
        found = collect(three, path, tmp_path / "run 3", starter)
        assert found.ok == ("a.py", "b.py")
        assert (
            found.notes[-1]
            == f"c.py is refused: the files are larger than {MAX_TOTAL_BYTES >> 20} MiB together"
        )


@pytest.mark.parametrize("stated", [None, 1, 0])
def test_a_directory_of_100000_members_is_not_read_whatever_count_is_stated(
    take, monkeypatch, stated
) -> None:
    entry = archive(good(b"notes.txt"))
    entry = entry[entry.index(b"PK\1\2") : -22]
    size = len(entry) * 100_000
    assert size > MAX_DIRECTORY_BYTES
    data = entry * 100_000 + end_of(0xFFFF if stated is None else stated, size, 0)

    def never(*args: object) -> None:
        raise AssertionError("a member was read")

    monkeypatch.setattr(zipfile, "ZipInfo", never)
    with pytest.raises(SubmissionFolderError, match=MANY):
        take(data)


def test_the_number_of_members_is_bounded_where_the_directory_is_small(take) -> None:
    entry = archive(good(b"n"))
    entry = entry[entry.index(b"PK\1\2") : -22]
    assert (MAX_MEMBERS + 1) * len(entry) < MAX_DIRECTORY_BYTES
    data = entry * (MAX_MEMBERS + 1) + end_of(1, (MAX_MEMBERS + 1) * len(entry), 0)
    with pytest.raises(SubmissionFolderError, match=MANY):
        take(data)


def test_as_many_members_as_are_allowed_are_listed_in_part_only(take) -> None:
    others = [Member(f"{i:05}.txt".encode(), method=STORED) for i in range(MAX_MEMBERS - 2)]
    submission = take(*others, good(), good(b"choice.py", CHOICE))
    assert contents(submission) == GOOD
    assert len(submission.ignored) == 50


def test_nothing_stays_open(tmp_path, starter) -> None:
    """Descriptors of a run that takes a submission, and of one that refuses it."""
    (tmp_path / "p1.zip").write_bytes(zipped(GOOD))
    (tmp_path / "bad.zip").write_bytes(b"PK\3\4")
    (tmp_path / "folder").mkdir()
    before = len(os.listdir("/proc/self/fd"))
    for name in ("p1.zip", "bad.zip", "folder", "none"):
        for _ in range(3):
            try:
                with intake.opened(P1, tmp_path / name) as found:
                    assert found.path == tmp_path / "p1.zip"
            except SubmissionFolderError:
                pass
    assert len(os.listdir("/proc/self/fd")) == before

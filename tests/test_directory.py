"""Folders in any shape, by accident or on purpose, and whatever changes while they are read."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grader import directory, intake, misnamed
from grader.config import Assignment
from grader.handed_in import Kind, RefusedError, folded
from grader.submission import FileState, Submission, SubmissionFolderError, collect
from grader.text import one_line

P1 = Assignment(id="p1", folder=Path("p1"), title="t", files=["flow.py", "choice.py"], given=["given.py"])


@pytest.fixture(params=["by descriptor", "by path"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """As on Linux and macOS, and as on Windows."""
    monkeypatch.setattr(directory, "by_descriptor", request.param == "by descriptor")
    return str(request.param)


@pytest.fixture
def starter(tmp_path: Path) -> Path:
    path = tmp_path / "starter"
    path.mkdir()
    (path / "given.py").write_text("ours = 1\n")
    return path


@pytest.fixture
def box(tmp_path: Path) -> Path:
    path = tmp_path / "handed in"
    path.mkdir()
    return path


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A folder with what a submission must not reach."""
    return fill(tmp_path / "elsewhere", text="SECRET")


def fill(folder: Path, *names: str, text: str = "mine") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names or P1.files:
        (folder / name).write_text(text)
    return folder


def take(box: Path, starter: Path) -> Submission:
    submission = collect(P1, box, starter.parent / "run", starter)
    for name in submission.ok:
        assert "SECRET" not in (submission.run_folder / name).read_text()
    return submission


def note(submission: Submission, name: str = "flow.py") -> str:
    return next(file.note for file in submission.files if file.name == name)


# -- what is no file -----------------------------------------------------------------------------------------


def as_link(path: Path) -> None:
    path.symlink_to(path.parents[1] / "elsewhere" / "flow.py")


def as_broken_link(path: Path) -> None:
    path.symlink_to("nowhere")


def as_link_to_itself(path: Path) -> None:
    path.symlink_to(path.name)


def as_link_to_a_folder(path: Path) -> None:
    path.symlink_to(path.parents[1] / "elsewhere")


def as_socket(path: Path) -> None:
    here = os.getcwd()
    os.chdir(path.parent)  # a socket's path may have 107 bytes
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path.name)
    os.chdir(here)


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (as_link, Kind.LINK),
        (as_broken_link, Kind.LINK),
        (as_link_to_itself, Kind.LINK),
        (as_link_to_a_folder, Kind.LINK),
        (os.mkfifo, Kind.PIPE),
        (as_socket, Kind.SOCKET),
        (os.mkdir, Kind.FOLDER),
    ],
)
def test_what_is_no_file_is_refused_and_not_opened(box, starter, elsewhere, way, make, what) -> None:
    fill(box, "choice.py")
    make(box / "flow.py")
    submission = take(box, starter)
    assert note(submission) == f"flow.py is refused: it is {what}, not a file"
    assert submission.ok == ("choice.py",)


def test_a_device_is_refused(box, starter, way, monkeypatch) -> None:
    """Which only root can make: its mode stands in for it."""
    fill(box, "choice.py")
    (box / "flow.py").symlink_to("/dev/zero")
    monkeypatch.setattr(directory, "_kind", lambda entry: directory.kind_of(os.stat(entry.path).st_mode))
    monkeypatch.setattr(os, "scandir", lambda where, really=os.scandir: really(box))
    assert note(take(box, starter)) == "flow.py is refused: it is a device, not a file"


@pytest.mark.parametrize("where", ["p1", "work", "work/p1"])
def test_a_linked_folder_on_the_way_is_not_followed(box, starter, elsewhere, way, where) -> None:
    (box / where).parent.mkdir(exist_ok=True)
    (box / where).symlink_to(elsewhere)
    assert take(box, starter).ok == ()


def test_whoever_names_the_submission_may_name_it_by_a_link(tmp_path, box, starter, way) -> None:
    fill(box)
    (tmp_path / "link").symlink_to(box)
    assert take(tmp_path / "link", starter).ok == ("flow.py", "choice.py")


def test_a_second_name_of_somebody_elses_file_is_refused(box, starter, elsewhere, way, monkeypatch) -> None:
    fill(box, "choice.py")
    os.link(elsewhere / "flow.py", box / "flow.py")
    found = os.fstat

    def of_another(descriptor: int) -> os.stat_result:
        said = found(descriptor)
        return os.stat_result((*said[:4], said.st_uid + 1, *said[5:]))

    monkeypatch.setattr(os, "fstat", of_another)
    assert note(take(box, starter)) == "flow.py is refused: it is a second name of another user's file"


def test_a_second_name_of_ones_own_file_is_taken(tmp_path, box, starter, way) -> None:
    """A backup, or a class's folder copied with ``cp -al``."""
    fill(box)
    os.link(box / "flow.py", tmp_path / "kept")
    assert take(box, starter).ok == ("flow.py", "choice.py")


# -- what changes --------------------------------------------------------------------------------------------

Swap = Callable[[str, Callable[[], None]], None]


@pytest.fixture
def just_before(monkeypatch: pytest.MonkeyPatch) -> Swap:
    """Does something once, just before a name is opened."""

    def arrange(name: str, act: Callable[[], None]) -> None:
        really, done = os.open, []

        def swapped(path: Path | str, flags: int, **more: int) -> int:
            if os.path.basename(path) == name and not done:
                done.append(act())
            return really(path, flags, **more)

        monkeypatch.setattr(os, "open", swapped)

    return arrange


def test_a_folder_that_turns_into_a_link_is_not_read(box, starter, elsewhere, just_before) -> None:
    """Whenever it happens: at its listing, or at the reading of the first or the second file."""

    def swap() -> None:
        (box / "p1").rename(box.parent / "away")
        (box / "p1").symlink_to(elsewhere)

    fill(box / "p1")
    just_before("p1", swap)
    with pytest.raises(SubmissionFolderError, match="p1 cannot be read: Not a directory"):
        take(box, starter)


def test_a_folder_that_turns_into_a_link_after_its_listing_is_not_read(
    box, starter, elsewhere, monkeypatch
) -> None:
    fill(box / "p1")
    read = directory.Directory.read

    def swap_first(self: directory.Directory, *asked: object) -> bytes:
        if not (box / "p1").is_symlink():
            (box / "p1").rename(box.parent / "away")
            (box / "p1").symlink_to(elsewhere)
        return read(self, *asked)  # type: ignore[arg-type]

    monkeypatch.setattr(directory.Directory, "read", swap_first)
    submission = take(box, starter)
    assert submission.ok == ()
    assert note(submission) == "flow.py is refused: it cannot be read (Not a directory)"


def test_a_file_that_turns_into_a_link_after_its_listing_is_not_opened(
    box, starter, way, monkeypatch
) -> None:
    fill(box)
    read = directory.Directory.read

    def swap_first(self: directory.Directory, *asked: object) -> bytes:
        (box / "flow.py").unlink(missing_ok=True)
        (box / "flow.py").symlink_to("/dev/zero")
        return read(self, *asked)  # type: ignore[arg-type]

    monkeypatch.setattr(directory.Directory, "read", swap_first)
    submission = take(box, starter)
    assert note(submission) == "flow.py is refused: it is a link, not a file"
    assert submission.ok == ("choice.py",)


def test_a_name_of_which_nothing_can_be_said_is_no_file(box, starter, monkeypatch) -> None:
    """It vanished while the folder was listed, on a file system that does not list what a name is."""

    class Entry:
        name = "flow.py"

        def is_symlink(self) -> bool:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    assert directory._kind(Entry()) is Kind.OTHER  # type: ignore[arg-type]
    fill(box)
    monkeypatch.setattr(directory, "_kind", lambda entry: Kind.OTHER)
    assert note(take(box, starter)) == "flow.py is refused: it is something else, not a file"


def test_a_file_that_vanishes_or_cannot_be_opened_is_refused(box, starter, way, just_before) -> None:
    fill(box)
    just_before("flow.py", (box / "flow.py").unlink)
    submission = take(box, starter)
    assert note(submission) == "flow.py is refused: it cannot be read (No such file or directory)"
    assert submission.ok == ("choice.py",)


def test_a_file_that_grows_for_ever_is_read_to_the_limit(box, starter, just_before) -> None:
    fill(box)
    just_before("flow.py", lambda: os.truncate(box / "flow.py", 1 << 40))  # sparse
    assert note(take(box, starter)) == "flow.py is refused: it is larger than 8 MiB"


def test_a_folder_that_vanishes_is_no_trouble_where_it_was_not_the_one(box, starter, just_before) -> None:
    fill(box)
    (box / "old").mkdir()
    just_before("old", (box / "old").rmdir)
    assert take(box, starter).ok == ("flow.py", "choice.py")


def test_an_unreadable_folder_is_no_trouble_where_it_is_not_the_one(box, starter, monkeypatch) -> None:
    fill(box)
    (box / "private").mkdir()
    (box / "p1").mkdir()
    really = os.open

    def refuse(path: Path | str, flags: int, **more: int) -> int:
        if path == refused:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return really(path, flags, **more)

    monkeypatch.setattr(os, "open", refuse)
    refused = "private"
    assert take(box, starter).ok == ("flow.py", "choice.py")
    refused = "p1"
    with pytest.raises(SubmissionFolderError, match="p1 cannot be read: Permission denied"):
        take(box, starter)
    refused = str(box)
    monkeypatch.setattr(os, "open", lambda path, flags, **more: refuse(os.fspath(path), flags, **more))
    with pytest.raises(SubmissionFolderError, match="handed in cannot be read: Permission denied"):
        take(box, starter)


# -- much ----------------------------------------------------------------------------------------------------


def test_no_more_names_are_looked_at_than_allowed(box, starter, monkeypatch) -> None:
    monkeypatch.setattr(intake, "MAX_ENTRIES", 50)
    fill(box, *P1.files, *(f"{i:03}.txt" for i in range(48)))
    assert take(box, starter).ok == ("flow.py", "choice.py")
    fill(box, "one more")
    with pytest.raises(
        SubmissionFolderError, match=r"holds more than 50 files and folders: hand in flow.py, ch"
    ):
        take(box, starter)


def test_declared_files_are_found_among_more_names_than_are_kept(box, starter, monkeypatch) -> None:
    for limit in ("MAX_NAMES", "MAX_FOLDERS"):
        monkeypatch.setattr(intake, limit, 3)
    fill(box / "p1", *P1.files, *(f"{i}.txt" for i in range(9)))
    for i in range(9):
        (box / f"{i}").mkdir()
    with intake.opened(P1, box) as found:
        assert found.where == ("p1",)
        assert set(found.look(("p1",))) == {"0.txt", "1.txt", "2.txt", "choice.py", "flow.py"}
        assert set(found.look(())) == {"0", "1", "2", "p1"}


def test_the_number_of_names_that_are_compared_does_not_grow_with_the_folder(
    box, starter, monkeypatch
) -> None:
    """A hostile folder has many names, each of them nearly right."""
    compared: list[str] = []
    likeliest = misnamed.likeliest
    monkeypatch.setattr(
        misnamed, "likeliest", lambda wanted, names: compared.extend(names) or likeliest(wanted, names)
    )
    monkeypatch.setattr(intake, "MAX_NAMES", 100)
    for i in range(300):
        fill(box, f"flow{i}.py", "flow.py" + " " * (i % 200) + "." * (i // 200 + 1))
    assert take(box, starter).ok == ()
    assert 0 < len(compared) <= 8 * 100


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("below", ["", "p1", "work"])
def test_a_hundred_thousand_files(box, starter, below) -> None:
    fill(box / below)
    for i in range(100_000):
        os.close(os.open(box / below / f"{i:06}.txt", os.O_CREAT | os.O_WRONLY))
    submission = take(box, starter)
    assert submission.ok == ("flow.py", "choice.py")
    assert len(submission.ignored) == 50


def step(held: int, name: str) -> int:
    """From an open folder to another, which is opened."""
    there = os.open(name, os.O_RDONLY, dir_fd=held)
    os.close(held)
    return there


@pytest.fixture
def deep(box: Path) -> Iterator[Path]:
    """10,000 folders in one another, which pytest's own way to remove a folder would not come back from."""
    held = os.open(box, os.O_RDONLY)
    for _ in range(10_000):
        os.mkdir("d", dir_fd=held)
        held = step(held, "d")
    yield box
    for _ in range(10_000):
        held = step(held, "..")
        os.rmdir("d", dir_fd=held)
    os.close(held)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_ten_thousand_folders_in_one_another(deep, starter) -> None:
    fill(deep)
    assert take(deep, starter).ok == ("flow.py", "choice.py")


def test_folders_are_listed_no_deeper_than_a_submission_lies(box, starter, monkeypatch) -> None:
    fill(box)
    box.joinpath(*["p1", "work"] * 10).mkdir(parents=True)
    box.joinpath(*["work", "p1"] * 10).mkdir(parents=True)
    listed: list[tuple[str, ...]] = []
    entries = directory.Directory.entries
    monkeypatch.setattr(
        directory.Directory, "entries", lambda self, where: listed.append(where) or entries(self, where)
    )
    assert take(box, starter).ok == ("flow.py", "choice.py")
    assert sorted(listed) == [(), ("p1",), ("work",), ("work", "p1")]


# -- names ---------------------------------------------------------------------------------------------------

HOSTILE = [b"\xff\xfeflow.py", b"\x1b[31mred.py", b"a\nb\rc", b"\x07", b"\xe2\x80\xaegnp.py", b"flow\xa0.py"]
HOSTILE += [b"-rf", b"$(reboot)", b"flow.py\\", b"`id`", b"CON", b"nul.py", b"x" * 255, b" ", b"flow.py "]


@pytest.mark.parametrize("name", HOSTILE, ids=repr)
def test_a_hostile_name_of_a_file_is_printable_wherever_it_is_said(box, starter, name) -> None:
    fill(box, "choice.py")
    (box / os.fsdecode(name)).write_text("x")
    submission = take(box, starter)
    assert submission.ok == ("choice.py",)
    assert submission.ignored == (os.fsdecode(name),)
    said = [*submission.notes, *map(one_line, submission.ignored)]
    for text in said:
        assert text.isprintable()
        text.encode()  # which half of a character would not let it


@pytest.mark.parametrize("name", HOSTILE, ids=repr)
def test_a_hostile_name_of_a_folder_is_printable_wherever_it_is_said(box, starter, name) -> None:
    fill(box / "other")
    fill(box / os.fsdecode(name))
    with pytest.raises(SubmissionFolderError, match="holds several submissions") as refused:
        take(box, starter)
    assert str(refused.value).isprintable()
    assert str(refused.value).encode()
    with pytest.raises(SubmissionFolderError, match="is empty") as refused:
        take(fill(box / os.fsdecode(name) / "below", ".hidden"), starter)
    assert str(refused.value).isprintable()
    assert str(refused.value).encode()


def test_two_names_that_are_one_file_elsewhere(box, starter) -> None:
    fill(box, "flow.py", "choice.py", "Choice.PY")
    submission = take(box, starter)
    assert submission.ok == ("flow.py",)
    assert note(submission, "choice.py") == (
        "choice.py is refused: 'Choice.PY' lies beside it, and many systems take both for one; keep one"
    )


@given(st.text(st.characters(exclude_characters="/\0", exclude_categories=("Cs",)), min_size=1, max_size=60))
@settings(
    max_examples=200,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_name_beside_the_declared_files(tmp_path_factory, name) -> None:
    root = tmp_path_factory.mktemp("any")
    starter = fill(root / "starter", "given.py")
    box = fill(root / "box")
    if name in (".", "..") or len(name.encode()) > 255:
        return
    (box / name).write_text("mine")
    submission = take(box, starter)
    alike = {each for each in P1.files if each != name and folded(name) == folded(each)}
    assert set(P1.files) - set(submission.ok) == alike
    assert all(text.isprintable() for text in submission.notes)
    assert set(os.listdir(root / "run")) == {*submission.ok, "given.py"}


def test_a_name_that_is_nearly_right_in_very_many_ways_takes_no_time() -> None:
    """Undone in hours by an expression that tries all ways to cut "1 1 1 1" into numbered copies."""
    for name in ("a" + " 1" * 120 + "x.py", "a" + "1" * 250, "a" + " copy" * 50 + "x", "-" * 255, " (1" * 80):
        assert misnamed.likeliest("flow.py", [name]) is None
    assert misnamed.likeliest("flow.py", ["flow" + " 1" * 120 + ".py"]) is not None


def test_a_source_says_what_it_cannot_read(box, starter, way) -> None:
    """Whoever asks for what is not there, or for a folder that is none."""
    fill(box)
    source = directory.Directory(box)
    assert dict(source.entries(())) == dict.fromkeys(P1.files, Kind.FILE)
    with pytest.raises(RefusedError, match="cannot be read"):
        source.read((), "absent", 1)
    with pytest.raises(NotADirectoryError):
        list(source.entries(("flow.py",)))
    source.close()


def test_what_becomes_of_the_state_of_each_file(box, starter) -> None:
    fill(box, "Flow.py")
    submission = take(box, starter)
    assert [file.state for file in submission.files] == [FileState.MISNAMED, FileState.MISSING]

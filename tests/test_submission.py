"""What is found and taken of a submission, and what is said about the rest. Real files throughout."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from grader.config import Assignment
from grader.faults import GraderFault
from grader.handed_in import MAX_FILE_BYTES
from grader.held_data import held_bytes
from grader.intake import opened
from grader.submission import (
    MAX_IGNORED,
    FileState,
    Submission,
    SubmissionFolderError,
    collect,
    digest,
)

P1 = Assignment(id="p1", folder=Path("p1"), title="t", files=["flow.py", "choice.py"], given=["given.py"])


@pytest.fixture
def box(tmp_path: Path) -> Path:
    path = tmp_path / "handed in"
    path.mkdir()
    return path


@pytest.fixture
def starter(tmp_path: Path) -> Path:
    path = tmp_path / "starter"
    path.mkdir()
    (path / "given.py").write_text("ours = 1\n")
    return path


def fill(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names or P1.files:
        (folder / name).write_text(f"# {name}\n")
    return folder


def take(box: Path, starter: Path) -> Submission:
    return collect(P1, box, starter.parent / "run" / "p1", starter)


def locate(assignment: Assignment, folder: Path) -> Path:
    with opened(assignment, folder) as intake:
        return intake.path


def states(submission: Submission) -> dict[str, FileState]:
    return {file.name: file.state for file in submission.files}


# -- where it lies -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("below", [".", "p1", "unpacked", "unpacked/p1", "Name, Vörname (123)", "P1"])
def test_every_place_where_files_may_lie(box: Path, below: str) -> None:
    fill(box / below)
    assert locate(P1, box) == (box / below if below != "." else box)


def test_the_folder_of_the_assignment_is_taken_before_flat_files(box: Path) -> None:
    fill(box)
    fill(box / "p1")
    assert locate(P1, box) == box / "p1"


def test_flat_files_are_taken_where_the_assignments_folder_holds_none(box: Path) -> None:
    fill(box)
    fill(box / "p1", "notes.txt")
    assert locate(P1, box) == box


def test_a_flat_submission_is_taken_before_one_further_down(box: Path) -> None:
    fill(box)
    fill(box / "old version")
    assert locate(P1, box) == box


def test_other_assignments_beside_it_do_not_disturb(box: Path) -> None:
    fill(box / "p1", "flow.py")
    fill(box / "p2")
    assert locate(P1, box / "p1") == box / "p1"


def test_what_a_zip_from_macos_brings_is_no_submission(box: Path, starter: Path) -> None:
    fill(box / "work")
    fill(box / "work", "._flow.py", ".DS_Store")
    fill(box / "__MACOSX" / "p1")
    fill(box / ".git" / "p1")
    submission = take(box, starter)
    assert submission.folder == box / "work"
    assert submission.ignored == ()
    assert submission.ok == ("flow.py", "choice.py")


def test_a_folder_in_which_every_name_is_wrong_is_found_too(box: Path) -> None:
    fill(box / "unpacked", "Flow.py", "notes.txt")
    assert locate(P1, box) == box / "unpacked"


def test_a_folder_with_nothing_that_fits(box: Path) -> None:
    fill(box, "essay.txt")
    assert locate(P1, box) == box
    fill(box / "p1", "essay.txt")
    assert locate(P1, box) == box / "p1"


def test_two_submissions_in_one_folder_are_refused(box: Path) -> None:
    fill(box / "a")
    fill(box / "b" / "p1")
    with pytest.raises(
        SubmissionFolderError, match=r"holds several submissions \('a' and 'b/p1'\): name the folder"
    ):
        locate(P1, box)


def test_the_more_complete_of_two_folders_is_meant(box: Path) -> None:
    fill(box / "draft", "flow.py")
    fill(box / "final")
    assert locate(P1, box) == box / "final"


def test_a_linked_folder_is_not_followed(box: Path, tmp_path: Path) -> None:
    fill(tmp_path / "elsewhere")
    (box / "p1").symlink_to(tmp_path / "elsewhere")
    (box / "sub").mkdir()
    (box / "sub" / "p1").symlink_to(tmp_path / "elsewhere")
    assert locate(P1, box) == box


def test_no_such_folder(box: Path) -> None:
    with pytest.raises(SubmissionFolderError, match=r"there is no folder .*none"):
        locate(P1, box / "none")


def test_a_file_instead_of_a_folder(box: Path) -> None:
    fill(box, "p1.txt")
    with pytest.raises(
        SubmissionFolderError,
        match=r"is a file; name the folder that holds flow.py, choice.py, a zip of it, or a notebook",
    ):
        locate(P1, box / "p1.txt")


def test_an_empty_folder(box: Path) -> None:
    with pytest.raises(SubmissionFolderError, match=r"is empty; it should hold flow.py, choice.py"):
        locate(P1, box)
    (box / ".DS_Store").write_text("")
    with pytest.raises(SubmissionFolderError, match="is empty"):
        locate(P1, box)


def test_a_folder_that_cannot_be_read(box: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(box)

    def refuse(path: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(SubmissionFolderError, match="cannot be read: Permission denied"):
        locate(P1, box)


# -- what is taken -------------------------------------------------------------------------------------------


def test_files_are_taken_byte_for_byte(box: Path, starter: Path) -> None:
    odd = b"\xef\xbb\xbfx = 1\r\n# Gr\xfc\xdfe\x00"
    (box / "flow.py").write_bytes(odd)
    (box / "choice.py").write_bytes(b"y")
    submission = take(box, starter)
    assert (submission.run_folder / "flow.py").read_bytes() == odd
    assert states(submission) == {"flow.py": FileState.OK, "choice.py": FileState.OK}
    assert submission.notes == ("flow.py is not text in UTF-8 (another encoding?): save it as UTF-8",)


def test_the_data_of_all_modules_that_are_taken_are_counted(box: Path, starter: Path) -> None:
    """Together, for one may import another; a file that nobody asked for is imported by nobody."""
    numbers = [
        " ".join(str(7 * k % 101 + k * k) for k in range(start, start + 50)).encode() for start in (0, 90)
    ]
    (box / "flow.py").write_bytes(numbers[0])
    (box / "choice.py").write_bytes(numbers[1])
    (box / "other.py").write_bytes(numbers[0])
    held = take(box, starter).held_bytes
    assert held == sum(map(held_bytes, numbers))
    assert held > 150


def test_our_own_given_files_are_used(box: Path, starter: Path) -> None:
    fill(box, "flow.py", "choice.py", "given.py")
    submission = take(box, starter)
    assert (submission.run_folder / "given.py").read_text() == "ours = 1\n"
    assert submission.ignored == ()


def test_nothing_else_comes_along(box: Path, starter: Path) -> None:
    fill(box, "flow.py", "choice.py", "conftest.py", "torch.py", "sitecustomize.py", "x.pth", "Ä b.txt")
    fill(box / "torch", "__init__.py")
    submission = take(box, starter)
    assert sorted(os.listdir(submission.run_folder)) == ["choice.py", "flow.py", "given.py"]
    assert submission.ignored == ("conftest.py", "sitecustomize.py", "torch.py", "x.pth", "Ä b.txt")


def test_the_list_of_other_files_is_bounded(box: Path, starter: Path) -> None:
    fill(box, *P1.files, *(f"extra{i}.txt" for i in range(MAX_IGNORED + 5)))
    assert len(take(box, starter).ignored) == MAX_IGNORED


def test_a_missing_file(box: Path, starter: Path) -> None:
    fill(box, "flow.py")
    submission = take(box, starter)
    assert states(submission) == {"flow.py": FileState.OK, "choice.py": FileState.MISSING}
    assert submission.notes == ("choice.py is missing",)


def test_a_misnamed_file_is_not_taken_but_named(box: Path, starter: Path) -> None:
    fill(box, "flow.py", "choise.py")
    submission = take(box, starter)
    assert states(submission)["choice.py"] is FileState.MISNAMED
    assert submission.notes == (
        "choice.py is missing; 'choise.py' looks like it (one letter differs): rename it to choice.py",
    )
    assert not (submission.run_folder / "choice.py").exists()


def test_a_declared_file_does_not_stand_for_another(box: Path, starter: Path) -> None:
    alike = Assignment(id="p1", folder=Path("p1"), title="t", files=["part_a.py", "part_b.py"])
    fill(box, "part_a.py")
    submission = collect(alike, box, starter.parent / "run", starter)
    assert states(submission)["part_b.py"] is FileState.MISSING


def test_an_empty_file_is_taken_and_noted(box: Path, starter: Path) -> None:
    fill(box)
    (box / "flow.py").write_bytes(b"\n")
    submission = take(box, starter)
    assert submission.ok == ("flow.py", "choice.py")
    assert submission.notes == ("flow.py is empty",)


def refused(box: Path, starter: Path) -> str:
    fill(box, "choice.py")
    submission = take(box, starter)
    assert states(submission) == {"flow.py": FileState.REFUSED, "choice.py": FileState.OK}
    assert not (submission.run_folder / "flow.py").exists()
    return submission.notes[0]


def test_a_link_is_refused(box: Path, starter: Path) -> None:
    (box / "flow.py").symlink_to("/etc/passwd")
    assert refused(box, starter) == "flow.py is refused: it is a link, not a file"


def test_a_broken_link_is_refused(box: Path, starter: Path) -> None:
    (box / "flow.py").symlink_to("nowhere")
    assert refused(box, starter) == "flow.py is refused: it is a link, not a file"


def test_a_folder_of_that_name_is_refused(box: Path, starter: Path) -> None:
    (box / "flow.py").mkdir()
    assert refused(box, starter) == "flow.py is refused: it is a folder, not a file"


def test_a_pipe_is_refused_without_waiting_for_it(box: Path, starter: Path) -> None:
    os.mkfifo(box / "flow.py")
    assert refused(box, starter) == "flow.py is refused: it is a pipe, not a file"


def test_a_socket_is_refused(box: Path, starter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(box)  # a socket's path may have 107 bytes
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("flow.py")
        assert refused(box, starter) == "flow.py is refused: it is a socket, not a file"


def test_a_file_that_turns_into_a_link_while_it_is_opened_is_refused(
    box: Path, starter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lstat said does not have to hold when the file is opened."""
    fill(box)
    really = os.open

    def swap(path: Path, flags: int, **more: int) -> int:
        if path == "flow.py":
            (box / "flow.py").unlink()
            (box / "flow.py").symlink_to("/etc/passwd")
        return really(path, flags, **more)

    monkeypatch.setattr(os, "open", swap)
    assert refused(box, starter).startswith("flow.py is refused: it cannot be read")


def test_a_file_that_turns_into_a_pipe_while_it_is_opened_is_refused(
    box: Path, starter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(box)
    really = os.open

    def swap(path: Path, flags: int, **more: int) -> int:
        if path == "flow.py":
            (box / "flow.py").unlink()
            os.mkfifo(box / "flow.py")
        return really(path, flags, **more)

    monkeypatch.setattr(os, "open", swap)
    assert refused(box, starter) == "flow.py is refused: it is not a file"


def test_a_file_of_exactly_the_limit_is_taken_and_one_byte_more_is_not(box: Path, starter: Path) -> None:
    fill(box, "choice.py")
    (box / "flow.py").write_bytes(b"#" * MAX_FILE_BYTES)
    assert take(box, starter).ok == ("flow.py", "choice.py")
    (starter.parent / "run" / "p1" / "flow.py").unlink()
    (box / "flow.py").write_bytes(b"#" * (MAX_FILE_BYTES + 1))
    assert refused(box, starter) == "flow.py is refused: it is larger than 8 MiB"


# -- the hash ------------------------------------------------------------------------------------------------


def test_the_hash_depends_on_names_and_contents_of_what_was_taken(box: Path, starter: Path) -> None:
    fill(box)
    first = take(box, starter).digest
    fill(box, "notes.txt")
    assert take(box, starter).digest == first
    (box / "flow.py").write_text("changed")
    assert take(box, starter).digest != first


def test_the_hash_does_not_run_names_and_contents_together() -> None:
    sets = [{"a": b"bc"}, {"ab": b"c"}, {"a": b"b", "c": b""}, {"a": b"", "b": b"c"}, {}]
    assert len({digest(contents) for contents in sets}) == len(sets)
    assert digest({"a": b"1", "b": b"2"}) == digest({"b": b"2", "a": b"1"})


# -- faults of ours ------------------------------------------------------------------------------------------


def test_a_given_file_that_is_missing_is_our_fault(box: Path, starter: Path) -> None:
    fill(box)
    (starter / "given.py").unlink()
    with pytest.raises(GraderFault, match=r"the given file .*given.py cannot be read: No such file"):
        take(box, starter)


def test_a_run_folder_that_cannot_be_written_is_our_fault(box: Path, starter: Path) -> None:
    fill(box)
    with pytest.raises(GraderFault, match="the submission cannot be copied to"):
        collect(P1, box, starter / "given.py" / "run", starter)

"""What an assignment is: assignment.toml as typed structs, and where its folders lie in the course.

The engine names no assignment: a folder under ``assignments/`` with an ``assignment.toml`` is one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from grader.reserved import reserved
from grader.tomlfile import ConfigError, complain, read

__all__ = [
    "FILE_NAME",
    "Assignment",
    "AssignmentFile",
    "ConfigError",
    "Course",
    "GateSpec",
    "Limits",
    "Part",
    "Question",
    "RaceSpec",
    "UploadRules",
    "assignment_of",
    "load_assignment",
]

FILE_NAME = "assignment.toml"

Positive = Annotated[int, msgspec.Meta(ge=1)]
Text = Annotated[str, msgspec.Meta(min_length=1)]
HiddenTests = Literal["summary", "hidden", "after_due_date", "after_published"]
Percent = Annotated[float, msgspec.Meta(ge=0, le=100)]
NotNegative = Annotated[float, msgspec.Meta(ge=0)]
Share = Annotated[float, msgspec.Meta(gt=0, le=1)]
Size = dict[str, int | float | str]

plain_file = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\.[A-Za-z0-9]+")


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A graded item.

    :param file: the handed-in file that answers it.
    :param minutes: estimated work.
    :param review: what to reread after losing points: one sentence on the concept, and the handout's section.
    :param by_hand: the worker's autograd engine is dead and ``torch.optim`` is out of reach.
    """

    title: Text
    file: Text
    minutes: Positive
    review: Text
    by_hand: bool = False


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a worker may use: its data segment in MiB, one answer in MiB, its output in KiB.

    :param gpu_memory_mb: of a worker on a GPU, in the host's memory: its resident size, because the driver
        maps far more than it uses.
    """

    memory_mb: Positive = 1024
    gpu_memory_mb: Positive = 16384
    answer_mb: Annotated[int, msgspec.Meta(ge=1, le=1024)] = 64
    output_kb: Positive = 64


class GateSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A calibrated pass mark.

    :param measure: the function in measure.py that gives the figure.
    :param wrong: the known mistakes that the gate must reject.
    :param seeds: how many runs of the reference calibrate it.
    :param seconds: of computing that one run may take; by default the test's limit is the only one.
    :param data_bytes: how much data all files handed in may hold together (:mod:`grader.held_data`), where
        weights that were trained elsewhere would pass; by default nobody looks.
    """

    measure: Text
    wrong: list[Text]
    seeds: Positive = 60
    seconds: Positive | None = None
    data_bytes: Positive | None = None


class RaceSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A run on a GPU, judged by its score and by its time beside the reference's (:mod:`grader.races`).

    :param measure: the function in measure_gpu.py that draws a round; with ``_work`` behind its name, the one
        that says how much work a round is.
    :param warm_up: the bench function that is called before the clock, with the size alone.
    :param run: the bench functions that are called on the clock, in this order.
    :param rounds: of the student and of the reference each; an odd number, for there to be a median.
    :param seconds: of computing that one round of one subject may take, its warm-up included.
    :param size, toy: what ``measure``, ``work`` and ``warm_up`` are given, and the same for a rehearsal.
    :param toy_least: the score that a right solution surely reaches in a rehearsal; None: nobody looks.
    :param slack: how much slower than the calibrated mark is fast enough still; 0.1 is a tenth.
    :param least_share: of what the card could do by its data sheet, that the median round must reach.
    :param speed: whether the time is judged; else it is only told.
    :param memory_mb: of the device that must be free before a run.
    :param data_bytes: how much data the files handed in may hold, those that are optional among them.
    :param wrong: known mistakes whose score the gate must reject.
    :param seeds: how many rounds of the reference calibrate it, on each kind of card.
    """

    measure: Text
    warm_up: Text
    run: Annotated[list[Text], msgspec.Meta(min_length=1)]
    rounds: Annotated[int, msgspec.Meta(ge=3)] = 5
    seconds: Positive
    size: Size
    toy: Size
    toy_least: float | None = None
    slack: NotNegative = 0.1
    least_share: Share | None = None
    speed: bool = True
    direction: Literal["higher", "lower"] = "higher"
    memory_mb: Positive = 4096
    data_bytes: Positive | None = None
    wrong: list[Text] = []
    seeds: Annotated[int, msgspec.Meta(ge=20)] = 20


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A part of an assignment that is handed in on a date of its own.

    :param files: the handed-in files that belong to it; every file belongs to one part.
    """

    title: Text
    files: Annotated[list[Text], msgspec.Meta(min_length=1)]


class UploadRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What uploads to a platform are worth, by its dates (:mod:`grader.uploads`); nothing of it by default.

    :param per_day: uploads that are graded in any 24 hours.
    :param late_percent_per_day: taken off what was earned, for each day begun after the due date.
    :param late_grace_minutes: that cost nothing.
    :param late_most_percent: taken off at most.
    :param hidden_tests: when students see on the platform what became of them: "summary" shows points and
        messages of a question's hidden tests at once, the others are Gradescope's words for later or never.
    """

    per_day: Positive | None = None
    late_percent_per_day: Percent = 0.0
    late_grace_minutes: Annotated[int, msgspec.Meta(ge=0)] = 0
    late_most_percent: Percent = 100.0
    hidden_tests: HiddenTests = "summary"


class AssignmentFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """assignment.toml as it is written; questions stand in handout order."""

    title: Text
    files: Annotated[list[Text], msgspec.Meta(min_length=1)]
    questions: Annotated[dict[str, Question], msgspec.Meta(min_length=1)]
    optional: list[Text] = []
    given: list[Text] = []
    limits: Limits = Limits()
    gates: dict[str, GateSpec] = {}
    races: dict[str, RaceSpec] = {}
    parts: dict[str, Part] = {}
    uploads: UploadRules = UploadRules()


@dataclass(frozen=True)
class Assignment:
    """An assignment and its folder.

    :param id: the folder's name; every question and gate id starts with it and a dot.
    :param files: names of the files that are handed in.
    :param optional: names of files that may be handed in too, for GPU questions; a run without these does not
        look for them.
    :param given: names of the files that are given; the judge uses its own copy.
    :param parts: what is handed in on dates of its own, by name; empty if everything is handed in at once.
    :param part: the part that this is, after :meth:`only`; empty for the whole.
    """

    id: str
    folder: Path
    title: str
    files: list[str]
    optional: list[str] = field(default_factory=list)
    given: list[str] = field(default_factory=list)
    limits: Limits = field(default_factory=Limits)
    questions: dict[str, Question] = field(default_factory=dict)
    gates: dict[str, GateSpec] = field(default_factory=dict)
    races: dict[str, RaceSpec] = field(default_factory=dict)
    parts: dict[str, Part] = field(default_factory=dict)
    uploads: UploadRules = field(default_factory=UploadRules)
    part: str = ""

    def only(self, part: str) -> Assignment:
        """One part of it: its files and questions, as if there were no others.

        :raises ConfigError: there is no such part.
        """
        if part not in self.parts:
            known = f"its parts are: {', '.join(self.parts)}" if self.parts else "it has no parts"
            raise ConfigError(f"{self.id} has no part {part!r}; {known}")
        chosen = self.parts[part]
        return replace(
            self,
            part=part,
            title=chosen.title,
            files=[file for file in chosen.files if file in self.files],
            optional=[file for file in chosen.files if file in self.optional],
            questions={
                name: question for name, question in self.questions.items() if question.file in chosen.files
            },
        )

    @property
    def all_files(self) -> list[str]:
        """The files that are handed in, and those that may be."""
        return [*self.files, *(file for file in self.optional if file not in self.files)]

    def with_optional(self) -> Assignment:
        """The same with the optional files among those that are handed in: what a run on a GPU judges."""
        return replace(self, files=self.all_files)

    def asks(self, question: str) -> bool:
        """Whether a test's question is judged here; of the whole, one that is not listed too."""
        return not self.part or question in self.questions

    @property
    def points_path(self) -> Path:
        return self.folder / "points.toml"

    @property
    def gates_path(self) -> Path:
        return self.folder / "gates.toml"


def load_assignment(folder: Path) -> Assignment:
    """The assignment in ``folder``.

    :raises ConfigError: no assignment.toml there, or something in it is wrong; file, line and key are named.
    """
    path = folder / FILE_NAME
    tables: dict[str, type[msgspec.Struct]] = {
        "questions": Question,
        "gates": GateSpec,
        "races": RaceSpec,
        "parts": Part,
    }
    said, text = read(path, AssignmentFile, tables)
    name = folder.resolve().name
    for key in ("files", "optional", "given"):
        names: list[str] = getattr(said, key)
        for position, file in enumerate(names):
            if not plain_file.fullmatch(file):
                raise complain(
                    path, text, (key, position), f"{file!r} is not a plain file name such as model.py"
                )
            if why := reserved(file):
                raise complain(path, text, (key, position), f"{file!r} cannot be imported: {why}")
            if file in names[:position] or file in _before(key, said):
                raise complain(path, text, (key, position), f"{file!r} stands here twice")
    for question_id, question in said.questions.items():
        if question.file not in (*said.files, *said.optional):
            key_path = ("questions", question_id, "file")
            raise complain(path, text, key_path, f"{question.file!r} is not among `files`")
    _check_parts(path, text, said)
    _check_races(path, text, said)
    for table in ("questions", "gates", "races"):
        for entry in getattr(said, table):
            if not re.fullmatch(re.escape(name) + r"\.\w+", entry):
                raise complain(path, text, (table, entry), f"an id here reads {name}.something")
    return Assignment(
        id=name,
        folder=folder,
        title=said.title,
        files=said.files,
        optional=said.optional,
        given=said.given,
        limits=said.limits,
        questions=said.questions,
        gates=said.gates,
        races=said.races,
        parts=said.parts,
        uploads=said.uploads,
    )


def _check_parts(path: Path, text: str, said: AssignmentFile) -> None:
    """Every file belongs to one part, and every part asks something; or there are no parts.

    :raises ConfigError: it is not so.
    """
    owner: dict[str, str] = {}
    for name, part in said.parts.items():
        for position, file in enumerate(part.files):
            key = ("parts", name, "files", position)
            if file not in (*said.files, *said.optional):
                raise complain(path, text, key, f"{file!r} is not among `files`")
            if file in owner:
                raise complain(path, text, key, f"{file!r} belongs to {owner[file]!r} already")
            owner[file] = name
        if not any(question.file in part.files for question in said.questions.values()):
            raise complain(path, text, ("parts", name), "no question is answered in its files")
    declared = (*said.files, *said.optional)
    missing = [file for file in declared if said.parts and file not in owner]
    if missing:
        raise complain(path, text, ("parts",), f"{missing[0]!r} belongs to no part")


def _check_races(path: Path, text: str, said: AssignmentFile) -> None:
    """
    :raises ConfigError: a race has no median, or its rehearsal another form than itself.
    """
    for name, race in said.races.items():
        if race.rounds % 2 == 0:
            raise complain(path, text, ("races", name, "rounds"), "an odd number of rounds has a median")
        if race.size.keys() != race.toy.keys():
            raise complain(path, text, ("races", name, "toy"), "`toy` has the same names as `size`")


def _before(key: str, said: AssignmentFile) -> list[str]:
    """The files that a list of files may not name again."""
    lists = {"files": [], "optional": said.files, "given": [*said.files, *said.optional]}
    return lists[key]


def assignment_of(path: Path) -> Path | None:
    """The assignment's folder that holds the test file or folder ``path``, or is it; None outside of one."""
    path = path.absolute()
    return next((folder for folder in (path, *path.parents) if (folder / FILE_NAME).is_file()), None)


@dataclass(frozen=True)
class Course:
    """A checkout, or a student release of one: the folder that holds ``assignments/`` and ``starter/``."""

    root: Path

    @classmethod
    def find(cls, start: Path) -> Course:
        """The course that ``start`` lies in.

        :raises ConfigError: neither ``start`` nor a folder above it holds ``assignments/``.
        """
        start = start.absolute()
        for folder in (start, *start.parents):
            if (folder / "assignments").is_dir():
                return cls(folder)
        raise ConfigError(f"{start}: neither here nor above is there a folder `assignments`")

    def assignments(self) -> list[str]:
        """The ids, sorted."""
        folders = (self.root / "assignments").glob(f"*/{FILE_NAME}")
        return sorted(path.parent.name for path in folders)

    def assignment(self, assignment_id: str) -> Assignment:
        """
        :raises ConfigError: no such assignment, or its assignment.toml is wrong.
        """
        if assignment_id not in self.assignments():
            known = ", ".join(self.assignments()) or "none"
            raise ConfigError(f"no assignment {assignment_id!r} in {self.root}; there are: {known}")
        return load_assignment(self.root / "assignments" / assignment_id)

    def starter(self, assignment_id: str) -> Path:
        """Where the stubs and the given files lie."""
        return self.root / "starter" / assignment_id

    def reference(self, assignment_id: str) -> Path | None:
        """Where the reference lies; None in a student release."""
        folder = self.root / "reference" / assignment_id
        return folder if folder.is_dir() else None

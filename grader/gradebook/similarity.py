"""Lists submissions that are nearly identical, for a person to look at. It is never a score and changes none.

Functions are compared as streams of normalised tokens (:mod:`grader.gradebook.token_streams`). What the
starter and the given files hold is taken out of them first, and so is what more than half of the class has.
A function counts as alike where most of its tokens stand in the same order in a function of the other's file;
a submission's share is the part of its tokens that is in such functions. Neither the order of functions nor
names, comments and layout change it, and a line here and there changes little.

What it cannot show: who had it from whom, or that anybody had it from anybody. Short functions whose form is
forced are alike by themselves, so they count for nothing below some tokens, and neither does a submission
that has little besides. Where more than half of the class hands in one text, it counts as everybody's.
"""

from __future__ import annotations

import importlib.util
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from grader.cells import CELLS_FILE, Cell, HandedIn
from grader.config import Assignment, Course
from grader.faults import GraderFault
from grader.gradebook.token_streams import functions
from grader.results import files
from grader.submission import Submission, SubmissionFolderError, collect
from grader.text import one_line

FILE_NAME: Final = "similar.json"
SCHEMA_VERSION: Final = 1

# Measured on the reference solutions (docs/batch.md): of right solutions written independently, two of one
# author's habits share 0.61 and all others less than 0.1; of 958 known mistakes, each one changed place, the
# one furthest from the reference shares 0.77.
LEAST: Final = 0.7
ALIKE: Final = 0.8  # of the tokens of two functions stand in the same order in both
WINDOW: Final = 12  # tokens in a row that the starter or half of the class has, to be taken out
COMMON_FROM: Final = 5  # submissions at least that have it: of three, two may have copied
LEAST_FUNCTION: Final = 20  # tokens that are left of a function
LEAST_SUBMISSION: Final = 150  # tokens of such functions
ROWS: Final = 200  # functions that are compared with all others at a time, four bytes each

MISSING: Final = "rapidfuzz is not here: pip install -e '.[batch]' in a checkout"


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """Two submissions to look at side by side.

    :param first, second: their keys.
    :param share_first: the part of the first's tokens that is in functions like one of the second, from 0 to
        1; ``share_second`` the other way round. A copy with much of its own beside it has the smaller one.
    :param tokens: in these functions of the first.
    :param files: in which they stand, by name.
    """

    first: str
    second: str
    assignment: str
    share_first: float
    share_second: float
    tokens: int
    files: list[str]

    @property
    def share(self) -> float:
        """The larger one, by which pairs are listed."""
        return max(self.share_first, self.share_second)


class _File(msgspec.Struct, frozen=True, kw_only=True):
    schema_version: int
    pairs: list[Pair]


class SimilarFileError(GraderFault):
    """The file of pairs cannot be read or written; the text says why."""


# A submission's functions that count, by file.
_Streams = dict[str, list[str]]


def find(
    course: Course,
    entries: Sequence[tuple[str, Path]],
    assignments: Iterable[str],
    *,
    least: float = LEAST,
) -> list[Pair]:
    """The pairs of which one has at least this share in common with the other, those most alike first.

    A submission that cannot be read, or has too little of its own, is in no pair.

    :param entries: key and folder, zip or notebook of each submission.
    :raises ConfigError: no such assignment.
    :raises GraderFault: a file of the course is missing, nothing can be written to the temporary folder, or
        rapidfuzz is not installed.
    """
    if importlib.util.find_spec("rapidfuzz") is None:
        raise GraderFault(MISSING)
    pairs = [pair for name in assignments for pair in _alike(course, course.assignment(name), entries, least)]
    return sorted(
        pairs,
        key=lambda pair: (
            -pair.share,
            -min(pair.share_first, pair.share_second),
            pair.assignment,
            pair.first,
            pair.second,
        ),
    )


def store(folder: Path, pairs: list[Pair]) -> Path:
    """Keep them beside a gradebook, closed to others; the file that was written.

    :raises SimilarFileError: it cannot be written.
    """
    path = folder / FILE_NAME
    text = msgspec.json.encode(_File(schema_version=SCHEMA_VERSION, pairs=pairs))
    try:
        files.replace(path, msgspec.json.format(text, indent=1) + b"\n", private=True)
    except OSError as error:
        raise SimilarFileError(
            f"{one_line(str(path))} cannot be written: {error.strerror or error}"
        ) from None
    return path


def load(folder: Path) -> list[Pair] | None:
    """What was kept; None if nobody looked for any.

    :raises SimilarFileError: it cannot be read, or is of another version.
    """
    path = folder / FILE_NAME
    name = one_line(str(path))
    try:
        found = msgspec.json.decode(path.read_bytes(), type=_File)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SimilarFileError(f"{name} cannot be read: {error.strerror or error}") from None
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise SimilarFileError(
            f"{name} is no list of near-identical submissions: {one_line(str(error))}"
        ) from None
    if found.schema_version != SCHEMA_VERSION:
        raise SimilarFileError(
            f"{name} is of format {found.schema_version}, and this version of the package reads format "
            f"{SCHEMA_VERSION}: delete it"
        )
    return found.pairs


def _alike(
    course: Course, assignment: Assignment, entries: Sequence[tuple[str, Path]], least: float
) -> Iterator[Pair]:
    starter = course.starter(assignment.id)
    known = set[str]()
    for name in (*assignment.files, *assignment.given):
        known |= _windows(functions(_text(starter / name)))
    taken = {key: _taken(assignment, path, starter) for key, path in entries}
    known |= _common(taken.values())
    own = {key: _own(streams, known) for key, streams in sorted(taken.items())}
    sizes = {key: sum(map(len, _all(streams))) for key, streams in own.items()}
    own = {key: streams for key, streams in own.items() if sizes[key] >= LEAST_SUBMISSION}
    tokens: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for name in assignment.files:
        holders: dict[str, set[str]] = defaultdict(set)
        for key, streams in own.items():
            for stream in streams.get(name, ()):
                holders[stream].add(key)
        partners = _partners(sorted(holders, key=lambda stream: (len(stream), stream)))
        for stream, others in partners.items():
            having = set[str]().union(*(holders[other] for other in others))
            for key in holders[stream]:
                size = len(stream) * own[key][name].count(stream)
                for other in having - {key}:
                    tokens[key, other][name] += size
    for first, second in sorted(tokens):
        if first < second:
            there, back = tokens[first, second], tokens[second, first]
            shares = there.total() / sizes[first], back.total() / sizes[second]
            if max(shares) >= least:
                yield Pair(
                    first=first,
                    second=second,
                    assignment=assignment.id,
                    share_first=round(shares[0], 4),
                    share_second=round(shares[1], 4),
                    tokens=there.total(),
                    files=[name for name in assignment.files if name in there],
                )


def _taken(assignment: Assignment, path: Path, starter: Path) -> _Streams:
    """The functions of what would be graded; nothing where nothing would be."""
    with _scratch() as folder:
        try:
            submission = collect(assignment, path, folder, starter)
        except SubmissionFolderError:
            return {}
        return {name: functions(text) for name, text in _texts(submission).items()}


@contextmanager
def _scratch() -> Iterator[Path]:
    """A folder for a moment.

    :raises GraderFault: it cannot be made.
    """
    try:
        folder = tempfile.TemporaryDirectory(prefix="grader-similar-")
    except OSError as error:
        raise GraderFault(f"no temporary folder can be made: {error.strerror or error}") from None
    with folder as path:
        yield Path(path)


def _texts(submission: Submission) -> dict[str, str]:
    names = [name for name in submission.ok if name.endswith(".py")]
    if not submission.cells:
        return {name: _text(submission.run_folder / name) for name in names}
    cells = msgspec.json.decode((submission.run_folder / CELLS_FILE).read_bytes(), type=tuple[Cell, ...])
    handed = HandedIn(cells, submission.cells, ())
    return {name: handed.own_text(name.removesuffix(".py")) for name in names}


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise GraderFault(f"{one_line(str(path))} cannot be read: {error.strerror}") from None


def _all(streams: _Streams) -> list[str]:
    return [stream for name in streams for stream in streams[name]]


def _windows(streams: Iterable[str]) -> set[str]:
    return {stream[at : at + WINDOW] for stream in streams for at in range(max(len(stream) - WINDOW + 1, 0))}


def _common(taken: Iterable[_Streams]) -> set[str]:
    """What more than half of those that handed something in have."""
    count, number = Counter[str](), 0
    for streams in taken:
        if streams:
            number += 1
            count.update(_windows(_all(streams)))
    return {window for window, having in count.items() if having >= COMMON_FROM and having > number / 2}


def _own(streams: _Streams, known: set[str]) -> _Streams:
    """What is left without that, of functions of which enough is left."""
    left = {name: [_without(stream, known) for stream in streams[name]] for name in streams}
    return {name: [stream for stream in left[name] if len(stream) >= LEAST_FUNCTION] for name in left}


def _without(stream: str, known: set[str]) -> str:
    kept: list[str] = []
    covered = 0  # tokens up to here are known
    for at in range(len(stream)):
        if stream[at : at + WINDOW] in known:
            covered = at + WINDOW
        if at >= covered:
            kept.append(stream[at])
    return "".join(kept)


def _partners(streams: Sequence[str]) -> dict[str, list[str]]:
    """For each stream those that are like it, itself among them.

    :param streams: the shorter ones first.
    """
    import numpy as np  # for those alone who compare: whoever reads the list needs neither
    from rapidfuzz import process
    from rapidfuzz.distance import Indel

    partners: dict[str, list[str]] = {stream: [stream] for stream in streams}
    lengths = np.array([len(stream) for stream in streams])
    first = 0
    while first < len(streams):
        last = min(first + ROWS, len(streams))
        # Of two functions, the tokens in common are no more than the shorter one has.
        most = lengths[last - 1] * (2 / ALIKE - 1)
        end = int(np.searchsorted(lengths, most, side="right"))
        scores = process.cdist(
            streams[first:last],
            streams[first:end],
            scorer=Indel.normalized_similarity,
            score_cutoff=ALIKE,
            dtype=np.float32,
        )
        for row, column in np.argwhere(scores >= np.float32(ALIKE)).tolist():
            if row < column:
                one, other = streams[first + row], streams[first + column]
                partners[one].append(other)
                partners[other].append(one)
        first = last
    return partners

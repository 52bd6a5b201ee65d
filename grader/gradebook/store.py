"""The gradebook: one SQLite file, into which each grading goes in a transaction of its own.

It is written ahead (WAL) and with every transaction brought to the disk, so that whoever is killed at any
moment leaves whole rows only, and a report can be made while a class is being graded. Rows are added, hardly
ever changed: what an earlier version of the tests gave stays there to be compared with.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Final

import msgspec

from grader.faults import GraderFault
from grader.gradebook.model import Entry, Grading, Override, Run, RunState, Student, Submission, Version
from grader.results.model import Result
from grader.text import one_line

FILE_NAME: Final = "gradebook.sqlite"
SCHEMA_VERSION: Final = 1
PSEUDONYM_DIGITS: Final = 8  # among 1,000 submissions two are alike once in 8,600 gradebooks; it is refused
NO_RUN: Final = "nothing was graded there yet"
BUSY_SECONDS: Final = 30.0  # that somebody else may hold the file

SCHEMA: Final = """
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE submissions (
    key TEXT PRIMARY KEY, pseudonym TEXT NOT NULL UNIQUE, students TEXT NOT NULL, late INTEGER NOT NULL
) STRICT;
CREATE TABLE versions (id INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE, facts TEXT NOT NULL) STRICT;
CREATE TABLE gradings (
    id INTEGER PRIMARY KEY,
    submission TEXT NOT NULL REFERENCES submissions (key),
    assignment TEXT NOT NULL,
    device TEXT NOT NULL,
    version INTEGER NOT NULL REFERENCES versions (id),
    identity TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    ended TEXT NOT NULL,
    seconds REAL NOT NULL,
    score REAL, max_score REAL, bonus REAL, complete INTEGER,
    fault TEXT NOT NULL,
    result TEXT,
    UNIQUE (submission, assignment, version, identity, attempt)
) STRICT;
CREATE TABLE pictures (
    grading INTEGER NOT NULL REFERENCES gradings (id), file TEXT NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (grading, file)
) STRICT;
CREATE TABLE runs (
    id INTEGER PRIMARY KEY, state TEXT NOT NULL, started TEXT NOT NULL, ended TEXT NOT NULL,
    asked TEXT NOT NULL, skipped TEXT NOT NULL
) STRICT;
CREATE TABLE run_gradings (
    run INTEGER NOT NULL REFERENCES runs (id), submission TEXT NOT NULL, assignment TEXT NOT NULL,
    device TEXT NOT NULL, grading INTEGER NOT NULL REFERENCES gradings (id),
    PRIMARY KEY (run, submission, assignment, device)
) STRICT;
CREATE TABLE overrides (
    id INTEGER PRIMARY KEY, submission TEXT NOT NULL REFERENCES submissions (key), question TEXT NOT NULL,
    points REAL, reason TEXT NOT NULL, before REAL, by TEXT NOT NULL, at TEXT NOT NULL
) STRICT;
"""

GRADING = """
SELECT gradings.id, gradings.submission, gradings.assignment, versions.facts, gradings.identity,
    gradings.attempt, gradings.ended, gradings.seconds, gradings.fault, gradings.result
FROM gradings JOIN versions ON versions.id = gradings.version
"""


class GradebookError(GraderFault):
    """There is no gradebook, it is not one, or it cannot be written; the text says why."""


class Gradebook:
    """An open gradebook; a context, which closes it.

    :param folder: that it lies in.
    :param create: make one if there is none.
    :raises GradebookError: there is none, it cannot be opened, or it is of another version.
    """

    def __init__(self, folder: Path, *, create: bool = False) -> None:
        self.path = folder / FILE_NAME
        shown = one_line(str(self.path))
        if not create and not self.path.is_file():
            raise GradebookError(
                f"{shown}: no gradebook there; `grader batch SUBMISSIONS --out DIR` makes one"
            )
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # Names and grades: of no business to others on this machine.
            self.path.touch(mode=0o600)
            self._file = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            raise GradebookError(f"{shown} cannot be opened: {error}") from None
        try:
            self._prepare(shown)
        except sqlite3.Error as error:
            self._file.close()
            raise GradebookError(f"{shown} is no gradebook that can be used: {error}") from None
        except BaseException:
            self._file.close()
            raise

    def _prepare(self, shown: str) -> None:
        self._file.execute("PRAGMA journal_mode = WAL")
        self._file.execute("PRAGMA synchronous = FULL")
        self._file.execute("PRAGMA foreign_keys = ON")
        with self._changing():  # two that make it at once: the second finds it made
            (version,) = self._file.execute("PRAGMA user_version").fetchone()
            if version == 0 and not self._file.execute("SELECT 1 FROM sqlite_schema").fetchone():
                for statement in SCHEMA.split(";\n"):
                    self._file.execute(statement)
                self._file.execute("INSERT INTO about VALUES ('key', ?)", (secrets.token_hex(32),))
                self._file.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
                version = SCHEMA_VERSION
        if version != SCHEMA_VERSION:
            raise GradebookError(
                f"{shown} is of format {version}, and this version of the package keeps format "
                f"{SCHEMA_VERSION}: use the version that made it, or another --out"
            )
        (key,) = self._file.execute("SELECT value FROM about WHERE name = 'key'").fetchone()
        self._key = bytes.fromhex(key)

    def __enter__(self) -> Gradebook:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """All of it or nothing.

        :raises GradebookError: the disk is full, or somebody else holds the file too long.
        """
        try:
            self._file.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._file.execute("ROLLBACK")
                raise
            self._file.execute("COMMIT")
        except sqlite3.Error as error:
            raise GradebookError(f"{one_line(str(self.path))} cannot be written: {error}") from None

    # -- submissions

    def pseudonym(self, key: str) -> str:
        """What a submission is called where its name must not show."""
        digest = hmac.digest(self._key, key.encode("utf-8", "surrogatepass"), hashlib.sha256).hex()
        return f"s-{digest[:PSEUDONYM_DIGITS]}"

    def enter(self, entries: Iterable[Entry]) -> list[Submission]:
        """Take submissions in, or what is said of their students now.

        :raises GradebookError: two got the same pseudonym.
        """
        made = [
            Submission(
                key=entry.key, pseudonym=self.pseudonym(entry.key), students=entry.students, late=entry.late
            )
            for entry in entries
        ]
        with self._changing():
            for each in made:
                self._file.execute(
                    "INSERT INTO submissions VALUES (?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET "
                    "students = excluded.students, late = excluded.late",
                    (each.key, each.pseudonym, _json(each.students), each.late),
                )
        return made

    def submissions(self) -> list[Submission]:
        """All that were ever graded here, by key."""
        rows = self._file.execute("SELECT key, pseudonym, students, late FROM submissions ORDER BY key")
        return [
            Submission(
                key=key,
                pseudonym=pseudonym,
                students=msgspec.json.decode(students, type=list[Student]),
                late=bool(late),
            )
            for key, pseudonym, students, late in rows
        ]

    # -- gradings

    def find(self, submission: str, version: Version, identity: str) -> Grading | None:
        """The last grading of these files by this version."""
        row = self._file.execute(
            f"{GRADING} WHERE gradings.submission = ? AND versions.digest = ? AND identity = ? "
            "ORDER BY attempt DESC LIMIT 1",
            (submission, version.digest, identity),
        ).fetchone()
        return _grading(row) if row else None

    def add(self, run: Run, grading: Grading, pictures: Mapping[str, bytes] | None = None) -> Grading:
        """Keep a grading as one of this run's: all of it at once. Its ``id`` and ``attempt`` are told back.

        :raises GradebookError: it could not be kept.
        """
        result = grading.result
        grading = msgspec.structs.replace(grading, ended=grading.ended or now())
        with self._changing():
            self._file.execute(
                "INSERT OR IGNORE INTO versions (digest, facts) VALUES (?, ?)",
                (grading.version.digest, _json(grading.version)),
            )
            (version,) = self._file.execute(
                "SELECT id FROM versions WHERE digest = ?", (grading.version.digest,)
            ).fetchone()
            (earlier,) = self._file.execute(
                "SELECT coalesce(max(attempt), 0) FROM gradings "
                "WHERE submission = ? AND assignment = ? AND version = ? AND identity = ?",
                (grading.submission, grading.assignment, version, grading.identity),
            ).fetchone()
            with closing(
                self._file.execute(
                    "INSERT INTO gradings (submission, assignment, device, version, identity, attempt, "
                    "ended, seconds, score, max_score, bonus, complete, fault, result) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        grading.submission,
                        grading.assignment,
                        grading.version.device,
                        version,
                        grading.identity,
                        earlier + 1,
                        grading.ended,
                        grading.seconds,
                        result.score if result else None,
                        result.max_score if result else None,
                        result.bonus if result else None,
                        result.complete if result else None,
                        grading.fault,
                        _json(result) if result else None,
                    ),
                )
            ) as cursor:
                assert cursor.lastrowid is not None
                kept = msgspec.structs.replace(grading, id=cursor.lastrowid, attempt=earlier + 1)
            self._file.executemany(
                "INSERT INTO pictures VALUES (?, ?, ?)",
                [(kept.id, file, data) for file, data in (pictures or {}).items()],
            )
            self._use(run, kept)
        return kept

    def use(self, run: Run, grading: Grading) -> None:
        """Let an earlier grading be one of this run's: nothing that it rests on has changed."""
        with self._changing():
            self._use(run, grading)

    def _use(self, run: Run, grading: Grading) -> None:
        self._file.execute(
            "INSERT OR REPLACE INTO run_gradings VALUES (?, ?, ?, ?, ?)",
            (run.id, grading.submission, grading.assignment, grading.version.device, grading.id),
        )

    def gradings(self, run: Run | None = None) -> Iterator[Grading]:
        """Those of a run, or all there are, in the order in which they were kept."""
        query, values = GRADING, list[int]()
        if run is not None:
            query += "WHERE gradings.id IN (SELECT grading FROM run_gradings WHERE run = ?)"
            values = [run.id]
        for row in self._file.execute(f"{query} ORDER BY gradings.id", values):
            yield _grading(row)

    def pictures(self, grading: int) -> dict[str, bytes]:
        """The pictures of a grading, by the names that its result has for them."""
        return dict(self._file.execute("SELECT file, data FROM pictures WHERE grading = ?", (grading,)))

    # -- runs

    def begin(self, asked: Mapping[str, str], skipped: Mapping[str, str]) -> Run:
        """A new run, or the last one if it did not come to its end and was asked the same."""
        last = max(self.runs(), key=lambda run: run.id, default=None)
        with self._changing():
            if last is not None and last.state != "finished" and last.asked == dict(asked):
                self._file.execute(
                    "UPDATE runs SET state = 'running', skipped = ? WHERE id = ?", (_json(skipped), last.id)
                )
                return msgspec.structs.replace(last, state="running", skipped=dict(skipped))
            run = Run(
                id=(last.id if last else 0) + 1,
                state="running",
                started=now(),
                asked=dict(asked),
                skipped=dict(skipped),
            )
            self._file.execute(
                "INSERT INTO runs VALUES (?, ?, ?, '', ?, ?)",
                (run.id, run.state, run.started, _json(run.asked), _json(run.skipped)),
            )
        return run

    def end(self, run: Run, state: RunState) -> None:
        """Say how a run ended; one that was killed stays "running"."""
        with self._changing():
            self._file.execute("UPDATE runs SET state = ?, ended = ? WHERE id = ?", (state, now(), run.id))

    def runs(self) -> list[Run]:
        """All of them, the oldest first."""
        rows = self._file.execute("SELECT id, state, started, ended, asked, skipped FROM runs ORDER BY id")
        return [
            Run(
                id=number,
                state=state,
                started=started,
                ended=ended,
                asked=msgspec.json.decode(asked, type=dict[str, str]),
                skipped=msgspec.json.decode(skipped, type=dict[str, str]),
            )
            for number, state, started, ended, asked, skipped in rows
        ]

    def run(self, number: int | None = None) -> Run:
        """
        :param number: None: the last one.
        :raises GradebookError: there is no such run, or none at all.
        """
        runs = {run.id: run for run in self.runs()}
        shown = one_line(str(self.path))
        if not runs:
            raise GradebookError(f"{shown}: {NO_RUN}")
        if number is None:
            return runs[max(runs)]
        if number not in runs:
            raise GradebookError(f"no run {number} in {shown}; there are: {', '.join(map(str, runs))}")
        return runs[number]

    # -- what a person decided

    def override(self, override: Override) -> Override:
        """Keep it; earlier ones of the same question stay to be read."""
        with self._changing():
            made = msgspec.structs.replace(override, at=override.at or now())
            with closing(
                self._file.execute(
                    "INSERT INTO overrides (submission, question, points, reason, before, by, at) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (
                        made.submission,
                        made.question,
                        made.points,
                        made.reason,
                        made.before,
                        made.by,
                        made.at,
                    ),
                )
            ) as cursor:
                assert cursor.lastrowid is not None
                return msgspec.structs.replace(made, id=cursor.lastrowid)

    def overrides(self) -> list[Override]:
        """All that were ever said, the oldest first."""
        rows = self._file.execute(
            "SELECT id, submission, question, points, reason, before, by, at FROM overrides ORDER BY id"
        )
        names = Override.__struct_fields__
        return [Override(**dict(zip(names, row, strict=True))) for row in rows]


def now() -> str:
    """Date and time in UTC (ISO 8601)."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _grading(row: tuple[int, str, str, str, str, int, str, float, str, str | None]) -> Grading:
    number, submission, assignment, facts, identity, attempt, ended, seconds, fault, result = row
    return Grading(
        id=number,
        submission=submission,
        assignment=assignment,
        version=msgspec.json.decode(facts, type=Version),
        identity=identity,
        attempt=attempt,
        ended=ended,
        seconds=seconds,
        fault=fault,
        result=msgspec.json.decode(result, type=Result) if result is not None else None,
    )

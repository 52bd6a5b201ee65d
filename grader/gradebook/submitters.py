"""Who handed in what, by the ``submission_metadata.yml`` of Gradescope's "Download Submissions".

The file is Ruby's YAML: keys are symbols (``:submitters:``), and next to the few names that are wanted it
holds the results of every upload with what students' code printed. PyYAML's parser alone reads it, event by
event: nothing is built from a tag, an alias is never followed (a few of them can stand for more than any
memory holds), and what is not wanted is passed over.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import yaml

from grader.faults import GraderFault
from grader.gradebook.model import Student
from grader.text import one_line

FILE_NAME: Final = "submission_metadata.yml"
# 300 students with five uploads and 20 kB of results each are 30 MB, which takes some seconds.
MAX_BYTES: Final = 64 << 20
MAX_EVENTS: Final = 3_000_000
MAX_DEPTH: Final = 50
MAX_SUBMITTERS: Final = 1_000
NOTHING: Final = ("", "~", "null", "Null", "NULL")

# Written in C where libyaml is, as in PyPI's wheels; it is ten times as fast.
Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Wrong(Exception):
    """What is wrong with the file."""


def read(path: Path) -> dict[str, list[Student]]:
    """The submitters of each submission, by the name of its folder or file.

    :raises GraderFault: it cannot be read, or is not what Gradescope writes.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise _Wrong(f"it is larger than {MAX_BYTES >> 20} MiB")
        return _Reading(data).submissions()
    except OSError as error:
        said = error.strerror or str(error)
    except _Wrong as wrong:
        said = str(wrong)
    except (yaml.YAMLError, UnicodeError) as error:
        mark = getattr(error, "problem_mark", None)
        said = "it is no YAML" + (f" (line {mark.line + 1})" if mark is not None else "")
    raise GraderFault(
        f"{FILE_NAME} cannot be used: {said}. Download the submissions again, or say --layout plain: "
        "nobody knows then who handed in what"
    )


class _Reading:
    def __init__(self, data: bytes) -> None:
        self._events = self._bounded(data)

    def _bounded(self, data: bytes) -> Iterator[yaml.Event]:
        depth = 0
        for number, event in enumerate(yaml.parse(data, Loader=Loader)):
            if number > MAX_EVENTS:
                raise _Wrong(f"it holds more than {MAX_EVENTS:,} things")
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if depth > MAX_DEPTH:
                raise _Wrong(f"it is nested deeper than {MAX_DEPTH} levels")
            yield event

    def _next(self) -> yaml.Event:
        event = next(self._events, None)
        if event is None:
            raise _Wrong("it ends too early")
        return event

    def submissions(self) -> dict[str, list[Student]]:
        found: dict[str, list[Student]] = {}
        self._next()  # the stream
        self._next()  # the document
        self._begin(yaml.MappingStartEvent, "submissions")
        for name in self._keys():
            if name in found:
                raise _Wrong(f"{one_line(name)} stands there twice")
            found[name] = self._submission()
        return found

    def _submission(self) -> list[Student]:
        students: list[Student] = []
        self._begin(yaml.MappingStartEvent, "a submission")
        for key in self._keys():
            if key != ":submitters":
                self._pass()
                continue
            self._begin(yaml.SequenceStartEvent, "submitters")
            while not isinstance(event := self._next(), yaml.SequenceEndEvent):
                if not isinstance(event, yaml.MappingStartEvent) or len(students) == MAX_SUBMITTERS:
                    raise _Wrong("what should be submitters is something else")
                students.append(self._student())
        return students

    def _student(self) -> Student:
        said = {}
        for key in self._keys():
            if key not in (":name", ":sid", ":email"):
                self._pass()
                continue
            event = self._next()
            if isinstance(event, yaml.AliasEvent):
                raise _Wrong("a submitter is written with an alias, which is not followed")
            if not isinstance(event, yaml.ScalarEvent):
                raise _Wrong("what should be a name is something else")
            nothing = not event.style and event.value in NOTHING
            said[key[1:]] = "" if nothing else one_line(event.value)
        return Student(name=said.get("name", ""), sid=said.get("sid", ""), email=said.get("email", ""))

    def _begin(self, kind: type[yaml.Event], what: str) -> None:
        event = self._next()
        if not isinstance(event, kind):
            aliased = ", written with an alias" if isinstance(event, yaml.AliasEvent) else ""
            raise _Wrong(f"what should be {what} is something else{aliased}")

    def _keys(self) -> Iterator[str]:
        """The keys of a mapping that has begun; after each one its value has to be read."""
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise _Wrong("a key is no text")
            yield event.value

    def _pass(self) -> None:
        """Pass over one value."""
        depth = 0
        while True:
            event = self._next()
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if depth == 0:
                return

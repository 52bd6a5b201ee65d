"""Generates the JSON Schemas from the structs that the engine itself reads and writes.

``python -m grader.schemas.generate`` writes them, ``--check`` says whether the files here are current.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from grader.config import AssignmentFile
from grader.results.batch import Batch
from grader.results.changes import Comparison
from grader.results.model import Result

FOLDER = Path(__file__).parent
DIALECT = "https://json-schema.org/draft/2020-12/schema"
SOURCES: dict[str, type[msgspec.Struct]] = {
    "assignment-1.json": AssignmentFile,
    "batch-1.json": Batch,
    "changes-1.json": Comparison,
    "result-1.json": Result,
}


def schemas() -> dict[str, str]:
    """The text of each schema by file name."""
    return {
        name: json.dumps({"$schema": DIALECT, "$id": name, **msgspec.json.schema(source)}, indent=2) + "\n"
        for name, source in SOURCES.items()
    }


def stale(folder: Path = FOLDER) -> list[str]:
    """Names of the schemas in ``folder`` that are missing or differ from the structs."""
    return [
        name
        for name, text in schemas().items()
        if not (folder / name).is_file() or (folder / name).read_text(encoding="utf-8") != text
    ]


def main(arguments: Sequence[str], folder: Path = FOLDER) -> int:
    """0, or 1 if ``--check`` found a file that is not current."""
    old = stale(folder)
    if "--check" in arguments:
        for name in old:
            print(f"{name} is not current: run `python -m grader.schemas.generate`", file=sys.stderr)
        return 1 if old else 0
    for name in old:
        (folder / name).write_text(schemas()[name], encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

"""The committed JSON Schemas are current, and refuse what the engine refuses."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from grader.schemas.generate import FOLDER, main, schemas, stale

ASSIGNMENT = """\
title = "Warm-up"
files = ["flow.py"]
[questions."p1.forward"]
title = "Forward pass"
file = "flow.py"
minutes = 5
review = "Reread section 2."
[gates."p1.accuracy"]
measure = "accuracy"
wrong = []
"""


def test_the_committed_schemas_are_current() -> None:
    assert stale() == []
    assert sorted(path.name for path in FOLDER.glob("*.json")) == sorted(schemas())


@pytest.mark.parametrize("name", schemas())
def test_each_is_a_schema(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(schemas()[name]))


def test_a_stale_schema_is_reported_and_written_anew(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([], tmp_path) == 0
    assert stale(tmp_path) == []
    (tmp_path / "result-1.json").write_text("{}")
    assert main(["--check"], tmp_path) == 1
    assert "result-1.json is not current: run `python -m grader.schemas.generate`" in capsys.readouterr().err
    assert main([], tmp_path) == 0
    assert main(["--check"], tmp_path) == 0


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("minutes = 5", "minutes = '5'"),
        ("minutes = 5", "minutes = 5\nminuets = 6"),
        ("minutes = 5\n", ""),
        ('title = "Warm-up"', 'titel = "Warm-up"'),
        ("wrong = []", "wrong = [1]"),
    ],
)
def test_the_schema_of_assignment_toml_refuses_what_the_engine_refuses(old: str, new: str) -> None:
    schema: dict[str, Any] = json.loads(schemas()["assignment-1.json"])
    jsonschema.validate(tomllib.loads(ASSIGNMENT), schema)
    assert ASSIGNMENT.count(old) == 1
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(tomllib.loads(ASSIGNMENT.replace(old, new)), schema)

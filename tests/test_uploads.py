"""What the platform's dates and earlier uploads make of a grade: nothing by default, and never a loss by our
fault."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from grader.config import Course, UploadRules
from grader.uploads import Late, MetadataError, again_at, kept_result, lateness, read_metadata

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
# As in the platform's documentation, with fields that nobody here asks for.
DOCUMENTED = """{
  "id": 123456, "created_at": "2018-07-01T14:22:32.365935-07:00",
  "assignment": {"due_date": "2018-07-31T23:00:00.000000-07:00", "group_size": 4, "group_submission": true,
    "id": 25828, "course_id": 1234, "late_due_date": null, "release_date": "2018-07-02T00:00:00.000000-07:00",
    "title": "Programming Assignment 1", "total_points": "20.0"},
  "submission_method": "upload",
  "users": [{"email": "student@example.com", "id": 1234, "name": "Student User"}],
  "previous_submissions": [{"submission_time": "2017-04-06T14:24:48.087023-07:00", "score": 0.0,
    "results": {"tests": []}}]
}"""


def said(
    *,
    hours: tuple[float, ...] = (),
    due: float | None = None,
    own: float | None = None,
    counted: object = True,
) -> dict[str, Any]:
    """Metadata of an upload at NOW.

    :param hours: how long ago each earlier upload was.
    :param due: when it was due, in hours from NOW; ``own`` for the student alone.
    """

    def at(offset: float | None) -> str | None:
        return None if offset is None else (NOW + timedelta(hours=offset)).isoformat()

    def result(ago: float) -> dict[str, Any]:
        return {"score": 100 - ago, "output": f"graded {ago:g} h ago", "extra_data": {"counted": counted}}

    user: dict[str, Any] = {"name": "Student User"}
    if own is not None:
        user["assignment"] = {"due_date": at(own)}
    return {
        "created_at": NOW.isoformat(),
        "assignment": {"due_date": at(due)},
        "users": [user],
        "previous_submissions": [{"submission_time": at(-ago), "results": result(ago)} for ago in hours],
    }


@pytest.fixture
def metadata(tmp_path: Path) -> Any:
    """What is read of a file with this content."""

    def read(content: dict[str, Any] | str | bytes) -> Any:
        path = tmp_path / "submission_metadata.json"
        text = json.dumps(content) if isinstance(content, dict) else content
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return read_metadata(path)

    return read


def test_the_documented_example_is_read(metadata: Any) -> None:
    found = metadata(DOCUMENTED)
    assert found.created_at.isoformat() == "2018-07-01T14:22:32.365935-07:00"
    assert found.due.isoformat() == "2018-07-31T23:00:00-07:00"
    assert again_at(UploadRules(per_day=1), found) is None
    assert lateness(UploadRules(late_percent_per_day=10), found) is None


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        "[" * 100_000,
        b"\xff\xfe",
        '{"created_at": "yesterday"}',
        '{"created_at": "2026-03-10T12:00:00"}',
    ],
)
def test_what_no_platform_writes_is_one_error(metadata: Any, content: str | bytes) -> None:
    with pytest.raises(MetadataError, match="is not what the platform writes"):
        metadata(content)


def test_a_file_that_is_not_there_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(MetadataError, match="cannot be read: No such file"):
        read_metadata(tmp_path / "none.json")


def test_a_file_without_end_is_one_error() -> None:
    with pytest.raises(MetadataError, match="larger than 64 MiB"):
        read_metadata(Path("/dev/zero"))


# -- lateness


@pytest.mark.parametrize(
    ("due", "percent", "days"),
    [(1, None, 0), (0, None, 0), (-0.2, None, 0), (-0.5, 10, 1), (-24, 10, 1), (-24.1, 20, 2), (-200, 35, 9)],
)
def test_each_day_begun_costs_its_percent(
    metadata: Any, due: float, percent: float | None, days: int
) -> None:
    rules = UploadRules(late_percent_per_day=10, late_grace_minutes=15, late_most_percent=35)
    expected = None if percent is None else Late(percent, days)
    assert lateness(rules, metadata(said(due=due))) == expected


def test_without_rules_or_without_a_date_nothing_is_taken(metadata: Any) -> None:
    assert lateness(UploadRules(), metadata(said(due=-100))) is None
    assert lateness(UploadRules(late_percent_per_day=10), metadata(said())) is None


def test_an_extension_counts_instead_of_the_common_date(metadata: Any) -> None:
    rules = UploadRules(late_percent_per_day=10)
    assert lateness(rules, metadata(said(due=-48, own=1))) is None
    assert lateness(rules, metadata(said(due=-48, own=-1))) == Late(10, 1)
    assert lateness(rules, metadata(said(own=-1))) == Late(10, 1)


# -- the limit


def test_without_a_limit_every_upload_is_graded(metadata: Any) -> None:
    assert again_at(UploadRules(), metadata(said(hours=(1, 2, 3)))) is None


@pytest.mark.parametrize(
    ("hours", "again"),
    [((), None), ((1,), None), ((1, 23), 1), ((1, 2, 3), 22), ((1, 24), None), ((1, 30, 40), None)],
)
def test_the_limit_is_of_any_24_hours(metadata: Any, hours: tuple[float, ...], again: float | None) -> None:
    expected = None if again is None else NOW + timedelta(hours=again)
    assert again_at(UploadRules(per_day=2), metadata(said(hours=hours))) == expected


@pytest.mark.parametrize("counted", [False, None, "yes", 1])
def test_what_was_our_fault_or_not_graded_does_not_count(metadata: Any, counted: object) -> None:
    assert again_at(UploadRules(per_day=1), metadata(said(hours=(1,), counted=counted))) is None


def test_uploads_without_a_result_do_not_count(metadata: Any) -> None:
    content = said(hours=(1, 2, 3))
    for upload, results in zip(content["previous_submissions"], (None, {}, {"extra_data": []}), strict=True):
        upload["results"] = results
    assert again_at(UploadRules(per_day=1), metadata(content)) is None


def test_a_later_upload_does_not_count_when_an_earlier_one_is_graded_again(metadata: Any) -> None:
    assert again_at(UploadRules(per_day=1), metadata(said(hours=(-1,)))) is None


def test_an_upload_that_is_not_graded_keeps_the_last_result_and_says_when(metadata: Any) -> None:
    found = metadata(said(hours=(5, 1, 3)))
    rules = UploadRules(per_day=3)
    again = again_at(rules, found)
    assert again == NOW + timedelta(hours=19)
    kept = kept_result(rules, found, again)
    assert kept["score"] == 99
    assert kept["extra_data"]["counted"] is False
    assert "3 uploads are graded in any 24 hours" in kept["output"]
    assert "from 11 March, 07:01 (+0000) on" in kept["output"]
    assert kept["output"].endswith("graded 1 h ago")


# -- a run


def graded(course: Course, content: str | None) -> tuple[int, dict[str, Any]]:
    """Grade the reference of q1 as the platform would; the status and results.json."""
    target, path = course.root / "results.json", course.root / "submission_metadata.json"
    if content is not None:
        path.write_text(content)
    run = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", str(course.root / "assignments/q1"), "-q"),
            *("-p", "no:cacheprovider", "--isolation=process"),
            f"--submission={course.root / 'reference/q1'}",
            *(f"--gradescope={target}", f"--gradescope-metadata={path}"),
        ],
        cwd=course.root,
        env={**os.environ, "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert target.is_file(), run.stdout + run.stderr
    return run.returncode, json.loads(target.read_text())


def rules(course: Course, text: str) -> None:
    path = course.root / "assignments/q1/assignment.toml"
    path.write_text(path.read_text() + f"\n[uploads]\n{text}\n")


@pytest.mark.timeout(60)
def test_a_late_upload_loses_its_percent_and_says_so(small_course: Course) -> None:
    rules(small_course, "late_percent_per_day = 10\nper_day = 5")
    status, result = graded(small_course, json.dumps(said(due=-30, hours=(1, 2))))
    earned = sum(test["score"] for test in result["tests"])
    assert status == 0
    assert result["score"] == pytest.approx(0.8 * earned)
    assert f"2 days late: 20 % of the points are taken off. Your work earned {earned:g}" in result["output"]
    assert result["extra_data"]["late_percent"] == 20
    assert result["extra_data"]["counted"] is True


@pytest.mark.timeout(60)
def test_an_upload_past_the_limit_runs_no_test(small_course: Course) -> None:
    rules(small_course, "per_day = 2")
    status, result = graded(small_course, json.dumps(said(hours=(1, 2))))
    assert (status, result["score"]) == (0, 99)
    assert result["output"].startswith("This upload was not graded")


@pytest.mark.slow
@pytest.mark.timeout(60)
@pytest.mark.parametrize("content", [None, "not JSON"])
def test_metadata_of_no_use_cost_nobody_a_point_and_are_reported(
    small_course: Course, content: str | None
) -> None:
    rules(small_course, "per_day = 1\nlate_percent_per_day = 100")
    status, result = graded(small_course, content)
    assert status == 0
    assert result["score"] == sum(test["max_score"] for test in result["tests"])
    assert "neither a limit of uploads nor a penalty for lateness was applied" in result["output"]


@pytest.mark.slow
@pytest.mark.timeout(60)
def test_by_default_the_metadata_are_not_even_read(small_course: Course) -> None:
    status, result = graded(small_course, "not JSON")
    assert status == 0
    assert result["score"] == sum(test["max_score"] for test in result["tests"])
    assert result["output"] == ""


@pytest.mark.parametrize("text", ["per_day = 0", "late_percent_per_day = 101", "per_week = 3"])
def test_impossible_rules_are_refused(small_course: Course, text: str) -> None:
    rules(small_course, text)
    with pytest.raises(Exception, match=r"assignment\.toml"):
        small_course.assignment("q1")


def test_rules_are_off_unless_somebody_writes_them() -> None:
    assert msgspec.structs.asdict(UploadRules()) == {
        "per_day": None,
        "late_percent_per_day": 0.0,
        "late_grace_minutes": 0,
        "late_most_percent": 100.0,
        "hidden_tests": "summary",
    }

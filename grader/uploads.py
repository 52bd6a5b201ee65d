"""What a platform says about an upload, and what a course makes of it: so many graded uploads a day, so much
taken off for lateness.

Both are off unless assignment.toml has a table ``[uploads]``. The metadata are Gradescope's
``submission_metadata.json`` (its autograder documentation, "Submission Metadata"). Everything is counted from
the time of the upload, never from the clock, so that grading again changes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import msgspec

from grader.config import UploadRules

MAX_BYTES = 64 << 20  # earlier results are in it; each is some ten kilobytes
DAY = timedelta(days=1)
COUNTED = "counted"  # in extra_data of results.json: whether the upload counts towards the limit

Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class MetadataError(Exception):
    """The platform's metadata cannot be used; the text says why."""


class Dates(msgspec.Struct):
    """When something is due; None where no date was set."""

    due_date: Moment | None = None


class User(msgspec.Struct):
    """Who handed in. An extension of one's own stands here on some courses; it is not documented."""

    assignment: Dates | None = None


class Earlier(msgspec.Struct):
    """An earlier upload of the same student or group, with the results.json that it got."""

    submission_time: Moment
    results: dict[str, Any] | None = None


class Metadata(msgspec.Struct):
    """The part of the metadata that is used; the rest is passed over."""

    created_at: Moment
    assignment: Dates = msgspec.field(default_factory=Dates)
    users: list[User] = []
    previous_submissions: list[Earlier] = []

    @property
    def due(self) -> datetime | None:
        """When it is due: the latest date that one of those who handed in has."""
        own = [user.assignment.due_date for user in self.users if user.assignment]
        dates = [date for date in (self.assignment.due_date, *own) if date is not None]
        return max(dates, default=None)


@dataclass(frozen=True)
class Late:
    """Lateness that costs something.

    :param percent: taken off the score, 0 to 100.
    :param days: begun since it was due.
    """

    percent: float
    days: int

    @property
    def kept(self) -> float:
        """The share of the score that is left."""
        return 1 - self.percent / 100

    def __str__(self) -> str:
        days = "a day" if self.days == 1 else f"{self.days} days"
        return f"Handed in up to {days} late: {self.percent:g} % of the points are taken off."


def read_metadata(path: Path) -> Metadata:
    """
    :raises MetadataError: the file cannot be read, or is not what the platform writes.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise MetadataError(f"{path.name} cannot be read: {error.strerror}") from None
    if len(content) > MAX_BYTES:
        raise MetadataError(f"{path.name} is larger than {MAX_BYTES >> 20} MiB")
    try:
        return msgspec.json.decode(content, type=Metadata)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MetadataError(f"{path.name} is not what the platform writes: {error}") from None


def lateness(rules: UploadRules, metadata: Metadata) -> Late | None:
    """What lateness costs, or None if nothing."""
    due = metadata.due
    if due is None or not rules.late_percent_per_day:
        return None
    late = metadata.created_at - due - timedelta(minutes=rules.late_grace_minutes)
    if late <= timedelta(0):
        return None
    days = math.ceil((metadata.created_at - due) / DAY)
    return Late(min(days * rules.late_percent_per_day, rules.late_most_percent), days)


def again_at(rules: UploadRules, metadata: Metadata) -> datetime | None:
    """When another upload will be graded, if this one comes too early; None if it is graded."""
    if rules.per_day is None:
        return None
    now = metadata.created_at
    counted = sorted(
        upload.submission_time
        for upload in metadata.previous_submissions
        if now - DAY < upload.submission_time < now and _counted(upload)
    )
    return counted[-rules.per_day] + DAY if len(counted) >= rules.per_day else None


def kept_result(rules: UploadRules, metadata: Metadata, again: datetime) -> dict[str, Any]:
    """results.json for an upload that is not graded: that of the last one that was, with a sentence in front.

    The last upload is the one that counts on the platform, so without this a student would lose all points.
    """
    latest = max(filter(_counted, metadata.previous_submissions), key=lambda upload: upload.submission_time)
    assert latest.results is not None
    per_day = "one upload is" if rules.per_day == 1 else f"{rules.per_day} uploads are"
    # Minutes rounded up, in the platform's own time zone: at the time that is shown it works.
    when = (again.replace(second=0, microsecond=0) + timedelta(minutes=1)).strftime("%d %B, %H:%M (%z)")
    said = (
        f"This upload was not graded: {per_day} graded in any 24 hours. The next one can be graded from "
        f"{when} on. What you see is the result of your upload of "
        f"{latest.submission_time.strftime('%d %B, %H:%M')}; its points stay."
    )
    before = latest.results.get("output")
    output = f"{said}\n\n{before}" if isinstance(before, str) and before else said
    extra = latest.results.get("extra_data")
    return {
        **latest.results,
        "output": output,
        "extra_data": {**(extra if isinstance(extra, dict) else {}), COUNTED: False},
    }


def _counted(upload: Earlier) -> bool:
    extra: Mapping[str, Any] | object = (upload.results or {}).get("extra_data")
    return isinstance(extra, Mapping) and extra.get(COUNTED) is True

"""Writes the result as JSON, for instructors: it holds the seed."""

from __future__ import annotations

import json

import msgspec

from grader.results.model import Result


def render(result: Result) -> bytes:
    """The JSON text. NaN and infinity are not JSON and raise; the model does not hold any."""
    # The file is written after every test: json's own indentation is slow, and msgspec turns NaN into null.
    text = json.dumps(msgspec.to_builtins(result), ensure_ascii=False, allow_nan=False)
    return msgspec.json.format(text.encode("utf-8"), indent=2) + b"\n"


def parse(data: bytes) -> Result:
    """
    :raises msgspec.DecodeError: not JSON, or not a result of this version of the schema.
    """
    return msgspec.json.decode(data, type=Result)

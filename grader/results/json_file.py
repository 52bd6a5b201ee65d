"""Writes the result as JSON, for instructors: it holds the seed."""

from __future__ import annotations

import json

import msgspec

from grader.results.model import Result


def render(result: Result) -> bytes:
    """The JSON text. NaN and infinity are not JSON and raise; the model does not hold any."""
    text = json.dumps(msgspec.to_builtins(result), indent=2, ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8") + b"\n"


def parse(data: bytes) -> Result:
    """
    :raises msgspec.DecodeError: not JSON, or not a result of this version of the schema.
    """
    return msgspec.json.decode(data, type=Result)

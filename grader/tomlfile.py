"""Reads a TOML file into typed structs and says file, line and key of whatever is wrong with it.

msgspec checks the types and gives a path into the data; TOML libraries keep no line numbers. The line is
found by parsing ever longer prefixes of the text: the statement that brings the key into being starts where
the last prefix that parses ended. That is exact for every spelling of a key, and it costs time only when
there is something to report.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from grader.faults import GraderFault

type_path = re.compile(r" - at `\$(?P<path>.*)`$", re.DOTALL)
step = re.compile(r"\.(?P<key>\w+)|\[(?P<index>\d+)\]|(?P<entry>\[\.\.\.\])")
unknown_field = re.compile(r"unknown field `(?P<field>[^`]*)`")

KeyPath = tuple[str | int, ...]
Struct = TypeVar("Struct", bound=msgspec.Struct)


class ConfigError(GraderFault):
    """A file of ours is missing, cannot be parsed, or says something without meaning; the text says where."""


def read(
    path: Path, kind: type[Struct], entries: Mapping[str, type[msgspec.Struct]] | None = None
) -> tuple[Struct, str]:
    """The file as a ``kind`` and its text.

    :param entries: for each key of ``kind`` that holds a dict of structs, their type; msgspec does not say
        which entry of a dict is wrong, so the entries are then tried one by one.
    :raises ConfigError: no such file, not UTF-8, not TOML, unknown key, missing key, wrong type.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 (byte {error.start})") from None
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not TOML: {error}") from None
    try:
        return msgspec.convert(raw, kind, strict=True), text
    except msgspec.ValidationError as error:
        raise _located(path, text, raw, str(error), kind, entries or {}) from None


def complain(path: Path, text: str, key: KeyPath, message: str) -> ConfigError:
    """An error about ``key`` with its line, ready to be raised."""
    line = line_of(text, key)
    where = f"{path}:{line}" if line else str(path)
    return ConfigError(f"{where}: {dotted(key)}: {message}" if key else f"{where}: {message}")


def line_of(text: str, key: KeyPath) -> int | None:
    """The line, from 1, of the statement that brings ``key`` into being; None if nothing does."""
    lines = text.split("\n")  # not splitlines: TOML knows no other line end
    whole = 0  # lines in the longest prefix so far that parses
    for count in range(1, len(lines) + 1):
        try:
            data = tomllib.loads("\n".join(lines[:count]))
        except tomllib.TOMLDecodeError:
            continue
        if _holds(data, key):
            return whole + 1
        whole = count
    return None


def dotted(key: KeyPath) -> str:
    """``key`` as TOML writes it: quoted where it must be, list positions in brackets."""
    parts: list[str] = []
    for part in key:
        if isinstance(part, int):
            parts.append(f"[{part}]")
        else:
            name = part if re.fullmatch(r"[A-Za-z0-9_-]+", part) else '"' + part.replace('"', '\\"') + '"'
            parts.append(f".{name}" if parts else name)
    return "".join(parts)


def _holds(data: Any, key: KeyPath) -> bool:
    for part in key:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return False
    return True


def _located(
    path: Path,
    text: str,
    raw: dict[str, Any],
    message: str,
    kind: type[msgspec.Struct],
    entries: Mapping[str, type[msgspec.Struct]],
) -> ConfigError:
    """msgspec's complaint with the line, the whole key and, for an unknown key, the likeliest right one."""
    found = type_path.search(message)
    said = message[: found.start()] if found else message
    key: list[str | int] = []
    known = kind
    for match in step.finditer(found["path"] if found else ""):
        if match["key"] is not None:
            key.append(match["key"])
        elif match["index"] is not None:
            key.append(int(match["index"]))
        elif len(key) == 1 and key[0] in entries:
            known = entries[str(key[0])]
            key.append(_wrong_entry(raw[str(key[0])], known))
        else:  # some entry of it: nobody says which, nor what may stand there
            return complain(path, text, tuple(key), said[:1].lower() + said[1:])
    field = unknown_field.search(said)
    if field is None:
        return complain(path, text, tuple(key), said[:1].lower() + said[1:])
    names = [item.encode_name for item in msgspec.structs.fields(_struct_at(known, key))]
    near = difflib.get_close_matches(field["field"], names, 1)
    advice = f"did you mean {near[0]!r}?" if near else "known are " + ", ".join(names)
    return complain(path, text, (*key, field["field"]), f"unknown key; {advice}")


def _wrong_entry(table: dict[str, Any], kind: type[msgspec.Struct]) -> str:
    """The first entry that is refused when tried alone."""

    def refused(value: Any) -> bool:
        try:
            msgspec.convert(value, kind, strict=True)
        except msgspec.ValidationError:
            return True
        return False

    return next(name for name, value in table.items() if refused(value))


def _struct_at(kind: type[msgspec.Struct], key: list[str | int]) -> type[msgspec.Struct]:
    """The struct whose fields are allowed at ``key``: ``kind``, or the type of a field that is a struct."""
    for part in key:
        for item in msgspec.structs.fields(kind):
            inner = _inner(item.type)
            if item.encode_name == part and inner is not None:
                kind = inner
    return kind


def _inner(annotation: Any) -> type[msgspec.Struct] | None:
    """The struct that a field's annotation names, alone or as what its list holds."""
    for candidate in (annotation, *getattr(annotation, "__args__", ())):
        if isinstance(candidate, type) and issubclass(candidate, msgspec.Struct):
            return candidate
    return None

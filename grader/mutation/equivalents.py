"""``reference/pN/equivalent.toml``: the mutants that no test can tell from the reference, and why.

::

    [[mutants]]
    id = "p1.forward-comparison-0a1b2c3d"
    before = "if z > 0:"
    after = "if z >= 0:"
    why = "At 0 both branches give 0, so that no input tells them apart."
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated

import msgspec
import tomlkit

from grader.mutation.mutant import Mutant
from grader.tomlfile import complain, read

FILE_NAME = "equivalent.toml"
SHORTEST = 20  # characters of a reason: less is no argument


class Equivalent(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A mutant that behaves as the reference does wherever the handout says what is to happen.

    :param why: the argument for it.
    :param before: the changed statement, for the reader; so is ``after``.
    """

    id: Annotated[str, msgspec.Meta(min_length=1)]
    why: str
    before: str = ""
    after: str = ""


class EquivalentFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file as it is written."""

    mutants: list[Equivalent] = []


def load_equivalents(reference: Path) -> dict[str, Equivalent]:
    """The equivalent mutants of an assignment by id; empty if there is no file.

    :param reference: the assignment's folder in the reference.
    :raises ConfigError: something in the file is wrong; file, line and key are named.
    """
    path = reference / FILE_NAME
    if not path.exists():
        return {}
    said, text = read(path, EquivalentFile)
    found: dict[str, Equivalent] = {}
    for position, equivalent in enumerate(said.mutants):
        if equivalent.id in found:
            raise complain(path, text, ("mutants", position, "id"), f"{equivalent.id!r} stands here twice")
        if len(equivalent.why.strip()) < SHORTEST:
            told = f"a reason of {SHORTEST} characters at least is wanted, got {equivalent.why!r}"
            raise complain(path, text, ("mutants", position, "why"), told)
        found[equivalent.id] = equivalent
    return found


def stale(equivalents: Mapping[str, Equivalent], mutants: Iterable[Mutant]) -> list[Equivalent]:
    """The entries for which there is no mutant any more: what they speak of was edited."""
    made = {mutant.id for mutant in mutants}
    return [equivalent for name, equivalent in equivalents.items() if name not in made]


def entry(mutant: Mutant, why: str) -> str:
    """The lines to add to the file for a mutant.

    :raises ValueError: the reason is too short.
    """
    if len(why.strip()) < SHORTEST:
        raise ValueError(f"a reason of {SHORTEST} characters at least is wanted, got {why!r}")
    table = tomlkit.table()
    for key, value in (("id", mutant.id), ("before", mutant.before), ("after", mutant.after), ("why", why)):
        table.add(key, value)
    tables = tomlkit.aot()
    tables.append(table)
    document = tomlkit.document()
    document.add("mutants", tables)
    return tomlkit.dumps(document)

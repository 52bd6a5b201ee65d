"""The table of attacks in SECURITY.md names the rows and tests that there are, and promises what they do."""

from __future__ import annotations

import ast
import functools
import re
import tomllib
from pathlib import Path

import pytest

from grader.isolation import ASKED
from grader.worker.sandbox import LAYERS

ROOT = Path(__file__).parents[1]
SECURITY = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
BEFORE, _, TABLE = SECURITY.partition("## The table of attacks")
ROWS = {
    path.parent.name: tomllib.loads(path.read_text(encoding="utf-8"))
    for path in (ROOT / "tests/redteam/rows").glob("*/row.toml")
}
NOT_ROWS = tomllib.loads((ROOT / "tests/redteam/not_rows.toml").read_text(encoding="utf-8"))
CATALOGUE = range(1, 67)
LEVELS = ("process", "sandbox")  # from the weaker to the stronger
# A line of the catalogue: its number, and the last two cells.
LINE = re.compile(r"^\| (\d+) \|.*\| (\S+) \| ([^|]+) \|$", re.MULTILINE)
OWN = re.compile(r"^\| [^|]+ \| ([^|]*) \| ([^|]*) \|$", re.MULTILINE)
SLUG = re.compile(r"`(\w+)`")
NODE = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
FILE = re.compile(r"`((?:tests|grader)/[\w/]+(?:\.py)?)`")


def catalogue() -> dict[int, tuple[str, str]]:
    """Level and tests by the number of an attack."""
    return {int(number): (level, shown) for number, level, shown in LINE.findall(TABLE)}


def own() -> dict[str, set[str]]:
    """Rows that no attack of the catalogue stands for, by level."""
    cells = OWN.findall(TABLE.partition("### Attacks of our own")[2])
    columns = zip(LEVELS, zip(*cells, strict=True), strict=True)
    return {level: {slug for cell in column for slug in SLUG.findall(cell)} for level, column in columns}


def levels(shown: str) -> dict[str, str]:
    """The slugs of a cell with the level behind which each stands, "" where none is said."""
    found: dict[str, str] = {}
    for part in shown.split(";"):
        said = next((level for level in LEVELS if f"{level}: `" in part), "")
        found |= dict.fromkeys(SLUG.findall(part), said)
    return found


@functools.cache
def functions(path: str) -> set[str]:
    """The test functions of a file."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_attack_of_the_catalogue_stands_there_once() -> None:
    assert [int(number) for number, _, _ in LINE.findall(TABLE)] == list(CATALOGUE)


def test_every_row_stands_behind_its_attacks_and_nothing_else_does() -> None:
    said = {(slug, number) for number, (_, shown) in catalogue().items() for slug in levels(shown)}
    assert said == {(slug, number) for slug, row in ROWS.items() for number in row["attacks"]}


def test_rows_of_our_own_stand_at_their_level() -> None:
    free = {slug: row["needs"] for slug, row in ROWS.items() if not row["attacks"]}
    assert own() == {level: {slug for slug in free if free[slug] == level} for level in LEVELS}


@pytest.mark.parametrize("number", CATALOGUE)
def test_a_level_is_what_its_rows_promise(number: int) -> None:
    level, shown = catalogue()[number]
    slugs = levels(shown)
    needs = {slug: ROWS[slug]["needs"] for slug in slugs}
    held = [needs[slug] for slug in slugs if not ROWS[slug].get("open")]
    if not slugs:
        assert (level, str(number) in NOT_ROWS) == ("none", True)
        return
    assert level == min(held, key=LEVELS.index, default="open")
    if len(set(needs.values())) > 1:
        assert slugs == needs


def test_what_is_open_is_marked_and_said() -> None:
    still = {slug for slug, row in ROWS.items() if row.get("open")}
    assert set(re.findall(r"`(\w+)` \(open\)", TABLE)) == still
    assert set(re.findall(r"`(\w+)` \(p\d: [\d.]+\)", BEFORE)) == still


def test_the_number_of_rows_is_said() -> None:
    assert f"{len(ROWS)} rows:" in TABLE


@pytest.mark.parametrize(("path", "name"), sorted(set(NODE.findall(SECURITY))))
def test_a_test_that_is_named_exists(path: str, name: str) -> None:
    assert name in functions(path)


@pytest.mark.parametrize("path", sorted(set(FILE.findall(SECURITY))))
def test_a_file_that_is_named_exists(path: str) -> None:
    assert (ROOT / path).exists()


def test_every_layer_and_every_isolation_is_explained_once() -> None:
    explained = re.findall(r"^\| `?([\w-]+)[^|]* \|", BEFORE, re.MULTILINE)
    for name in (*(layer.name for layer in LAYERS), *ASKED):
        assert explained.count(name) == 1, name


def test_a_slug_in_the_text_is_a_row() -> None:
    """A slug is told from a layer or an option by its underscore."""
    assert {slug for slug in SLUG.findall(BEFORE) if "_" in slug} <= set(ROWS)

"""Reads a notebook: which of its cells are handed in, and to which file of the assignment each belongs.

A cell that belongs to a file begins with a marker, ``# ---- debugging.py: p5.train ----``; cells without one
belong to the file of the last marker above. Nothing here runs a cell or parses it as Python: to the judge,
cells are text. What becomes of them in a worker is told in :mod:`grader.worker.cells`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

SUFFIX = ".ipynb"
CELLS_FILE = "notebook.json"  # what a worker reads, in the run's folder
CELL_SECONDS = 2.0  # of computing, for one cell; a worker holds to the same
MAX_CELLS = 5_000  # of code; a long notebook has a hundred

MARKER = re.compile(
    r"^[ \t]*#[ \t]*--+[ \t]*(?P<file>[A-Za-z_][A-Za-z0-9_]*\.py)\b"
    r"(?:[ \t]*:[ \t]*(?P<question>[A-Za-z_][A-Za-z0-9_]*\.[A-Za-z0-9_]+))?",
    re.MULTILINE,
)
CHECK = "# ---- check: {} ----"
SCRATCH = "# scratch"
# What a cell's first line says that is not handed in.
NOT_HANDED_IN = re.compile(r"[ \t]*#[ \t]*(?:--+[ \t]*check\b|scratch\b)", re.IGNORECASE)
# The lines of a cell that somebody added to check something, and that is nobody's answer either.
CHECKING = re.compile(r"[ \t]*(?:#.*|(?:check|save_modules)\(.*\)[ \t;]*|from grader\.notebook import .*)?")
CELL_MAGIC = re.compile(r"[ \t]*%%(?P<name>\S*)")
# They run the cell below them as it stands and keep its names.
TRANSPARENT = frozenset({"time", "capture"})
PROMPT = "*Double-click, and write your answer below this line.*"
ANSWER = "<!-- answers.md"  # a markdown cell that holds it is an answer in the student's own words
WRITTEN = re.compile(r"# Written by save_modules\(\) from [^\n]*, checksum (?P<sum>[0-9a-f]{16})\n")


class NotebookError(Exception):
    """A notebook that cannot be read; the text is to be read after its name, and says what to do."""


class _Cell(msgspec.Struct, gc=False):
    cell_type: str = ""
    source: str | list[str] = ""
    input: str | list[str] = ""  # what nbformat 3 calls the source of code


class _Sheet(msgspec.Struct, gc=False):
    cells: list[_Cell] = []


class _Metadata(msgspec.Struct):
    grader: msgspec.Raw = msgspec.Raw(b"{}")


class _File(msgspec.Struct):
    nbformat: int = 0
    metadata: _Metadata = msgspec.field(default_factory=_Metadata)
    cells: list[_Cell] = []
    worksheets: list[_Sheet] = []


class About(msgspec.Struct, kw_only=True):
    """What a notebook that we built says of itself, in its metadata.

    :param stubs: file -> :func:`checksum` of the stub that was handed out with the notebook.
    :param code: :func:`code_checksum` of its own cells as they were handed out.
    """

    assignment: str = ""
    code: str = ""
    stubs: dict[str, str] = {}


@dataclass(frozen=True)
class Notebook:
    """A notebook's text; its outputs are not kept.

    :param code: the code cells, first to last; the first is "cell 1".
    :param prose: the markdown cells.
    """

    code: tuple[str, ...]
    prose: tuple[str, ...] = ()
    about: About = field(default_factory=About)

    @property
    def untouched(self) -> bool:
        """Whether its code is as it was handed out."""
        return self.about.code == code_checksum(self.code)


class Cell(msgspec.Struct, frozen=True, array_like=True):
    """A code cell that is handed in, as a worker reads it too.

    :param number: its place among the notebook's code cells, from 1, as Jupyter numbers them when all are run
        from top to bottom.
    :param modules: those that it belongs to; more than one where cells were merged.
    """

    number: int
    modules: list[str]
    text: str


@dataclass(frozen=True)
class HandedIn:
    """The cells of a notebook that are handed in, in its order.

    :param questions: the question that a cell's marker names, by the cell's number.
    :param notes: what is odd about the notebook, a sentence each.
    """

    cells: tuple[Cell, ...]
    questions: Mapping[int, str]
    notes: tuple[str, ...]

    def own_text(self, module: str) -> str:
        """The cells of one module, without those of others on which they may build."""
        return "".join(f"{cell.text}\n" for cell in self.cells if module in cell.modules)

    def encoded(self) -> bytes:
        """As a worker reads them."""
        return msgspec.json.encode(self.cells)


_decoder = msgspec.json.Decoder(_File)


def read(content: bytes) -> Notebook:
    """
    :raises NotebookError: it is no notebook of Python's, in nbformat 3 or 4.
    """
    try:
        found = _decoder.decode(content.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, MemoryError) as error:
        said = "nested too deeply" if isinstance(error, RecursionError | MemoryError) else str(error)
        raise NotebookError(
            f"is no notebook that can be read ({said}): clear all outputs in Jupyter and save it again"
        ) from None
    if found.nbformat not in (3, 4):
        raise NotebookError(
            f"has the notebook format {found.nbformat}, which is not read here: save it in format 4"
        )
    cells = (
        found.cells if found.nbformat == 4 else [cell for sheet in found.worksheets for cell in sheet.cells]
    )
    code = tuple(_text(cell.source or cell.input) for cell in cells if cell.cell_type == "code")
    prose = tuple(_text(cell.source) for cell in cells if cell.cell_type == "markdown")
    if len(code) > MAX_CELLS:
        raise NotebookError(f"has more than {MAX_CELLS:,} code cells: delete what is not needed")
    return Notebook(code, prose, _about(found.metadata.grader))


def _about(raw: msgspec.Raw) -> About:
    try:
        return msgspec.json.decode(raw, type=About)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return About()  # another program's


def _text(source: str | list[str]) -> str:
    text = source if isinstance(source, str) else "".join(source)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def checksum(content: bytes) -> str:
    """Of a file's text, whatever its line ends are."""
    return hashlib.sha256(content.replace(b"\r\n", b"\n").rstrip()).hexdigest()[:16]


def code_checksum(code: Iterable[str]) -> str:
    """Of the texts of code cells, in order."""
    return checksum("\0".join(code).encode())


def markers(text: str) -> list[tuple[str, str]]:
    """Every (file, question) that a cell's markers name, the question empty where there is none."""
    return [(found["file"], found["question"] or "") for found in MARKER.finditer(text)]


def first_line(text: str) -> str:
    """The first line that is not blank."""
    return next((line for line in text.split("\n") if line.strip()), "")


def handed_in(notebook: Notebook, files: Sequence[str], wanted: Iterable[str] | None = None) -> HandedIn:
    """The cells that belong to the files of an assignment.

    Where a wanted file's markers are all lost, every cell is taken to belong to it.

    :param files: all that a marker may name.
    :param wanted: those that are asked for now, of an assignment that is handed in by parts; all by default.
    """
    asked = [file for file in (files if wanted is None else wanted) if file.endswith(".py")]
    found: list[tuple[int, list[str], str]] = []
    questions: dict[int, str] = {}
    notes: list[str] = []
    current = ""
    for number, text in enumerate(notebook.code, 1):
        first = first_line(text)
        if NOT_HANDED_IN.match(first) or _only_checks(text):
            continue
        named = [(file, question) for file, question in markers(text) if file in files]
        magic = CELL_MAGIC.match(first)
        if magic and magic["name"] not in TRANSPARENT:
            if named:
                notes.append(f"cell {number} begins with a %% line and is not run: delete that line")
            continue
        questions[number] = next((question for _, question in named), "")
        current = named[-1][0] if named else current
        found.append((number, list(dict.fromkeys(file for file, _ in named)) or [current], text))
    begun = next((names[0] for _, names, _ in found if names[0]), "")
    everywhere = [file for file in asked if not any(file in names for _, names, _ in found)]
    if found:
        notes += [
            f"no cell of the notebook begins with a line such as {marker(file)!r}, so every cell is taken "
            f"for {file}: put the line back"
            for file in everywhere
        ]
    cells = []
    for number, names, text in found:
        belongs = [*(names if names[0] else [begun] if begun else []), *everywhere]
        cells.append(Cell(number, [file.removesuffix(".py") for file in belongs], text))
    return HandedIn(tuple(cells), questions, tuple(notes))


def _only_checks(text: str) -> bool:
    """Whether a cell calls ``check`` or ``save_modules`` and nothing else, or is empty; a cell of comments
    alone may be a marker that stands for what is below."""
    lines = [line for line in text.split("\n") if line.strip()]
    return all(map(CHECKING.fullmatch, lines)) and not MARKER.search(text)


def marker(file: str, rest: str = "") -> str:
    """The line that a cell of a file begins with."""
    return f"# ---- {file}: {rest} ----" if rest else f"# ---- {file} ----"


def stamped(body: str, notebook: str) -> bytes:
    """A file's text behind a line that tells whether somebody has changed it since."""
    said = f"# Written by save_modules() from {notebook}, checksum {checksum(body.encode())}\n"
    return (said + body).encode()


def unwritten(name: str, content: bytes, notebook: Notebook) -> bool:
    """Whether nobody has worked on a file that lies beside a notebook: it is the stub that was handed out
    with it, or what save_modules made of the notebook."""
    if notebook.about.stubs.get(name) == checksum(content):
        return True
    text = content.replace(b"\r\n", b"\n").decode("utf-8", errors="replace")
    stamp = WRITTEN.match(text)
    return stamp is not None and stamp["sum"] == checksum(text[stamp.end() :].encode())

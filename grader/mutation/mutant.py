"""One changed module, described so that a reader sees the change without a diff."""

from __future__ import annotations

import hashlib
import io
import tokenize
from dataclasses import dataclass, field
from functools import cached_property

WIDTH = 120  # characters of `before` and of `after`
LAYOUT = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
LEAD = 30  # of them, what is shown of a long statement in front of the change


@dataclass(frozen=True)
class Mutant:
    """A module of the reference with one change.

    :param id: question, operator and a hash; the same until the changed statement itself is edited.
    :param module: file name, such as ``gradient_flow.py``.
    :param function: qualified name of what the change stands in, ``<module>`` outside of functions.
    :param line: of the change in the reference, from 1.
    :param before: the statement in one line, shortened around the change; of a compound one its header.
    :param after: the same of the mutant.
    """

    id: str
    question: str
    module: str
    function: str
    line: int
    operator: str
    before: str
    after: str
    original: str = field(repr=False)
    start: int = field(repr=False)
    end: int = field(repr=False)
    replacement: str = field(repr=False)

    @cached_property
    def source(self) -> str:
        """The whole mutated module; made when it is asked for, as thousands would fill the memory."""
        return self.original[: self.start] + self.replacement + self.original[self.end :]


def identity(question: str, operator: str, *parts: str) -> str:
    """``p1.batch-term-0a1b2c3d``: fit for a file name, a pytest id and a key of TOML."""
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:8]
    return f"{question}-{operator}-{digest}"


def words(text: str) -> str:
    """A statement's tokens, by which it is known whatever its layout and its comments."""
    return " ".join(token.string for token in _tokens(text) if token.type not in LAYOUT)


def in_one_line(text: str) -> str:
    """A statement as it would be written without comments on a line of any length."""
    lines = text.split("\n")
    for token in reversed(_tokens(text)):
        if token.type == tokenize.COMMENT:
            row, (start, end) = token.start[0] - 1, (token.start[1], token.end[1])
            lines[row] = lines[row][:start] + lines[row][end:]
    joined = ""
    for line in filter(None, map(str.strip, lines)):
        space = "" if joined.endswith(("(", "[", "{")) or line.startswith((")", "]", "}")) else " "
        joined += space + line
    return joined.strip()


def shortened(before: str, after: str) -> tuple[str, str]:
    """Both at :data:`WIDTH` characters at most, cut so that the first difference is in sight."""
    pairs = enumerate(zip(before, after, strict=False))
    same = next((i for i, (a, b) in pairs if a != b), min(len(before), len(after)))
    start = max(0, same - LEAD) if max(len(before), len(after)) > WIDTH else 0

    def cut(text: str) -> str:
        shown = ("…" if start else "") + text[start:]
        return shown if len(shown) <= WIDTH else shown[: WIDTH - 1] + "…"

    return cut(before), cut(after)


def _tokens(text: str) -> list[tokenize.TokenInfo]:
    return list(tokenize.generate_tokens(io.StringIO(text).readline))

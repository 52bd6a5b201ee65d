"""The functions of a Python file as streams of tokens, in which what a copier changes first does not show.

Comments, docstrings, layout, and what stands outside of functions are left out; every name is the same token,
and so is every number and every string. A token is one character of a stream, so that streams are strings.
Text is hostile: it is never run nor parsed, and whatever it holds, it is read in time that is linear in its
bounded length.
"""

from __future__ import annotations

import keyword
import token
import tokenize
import warnings
from collections.abc import Iterator
from functools import partial
from typing import Final

MAX_CHARACTERS: Final = 256 << 10  # of a file that are read; a solution has tens of thousands
MAX_LINE: Final = 1_000  # characters of a line; a quote that nobody closes is looked for up to its end
MAX_FUNCTIONS: Final = 100  # of a file, the longest; a solution has thirty
MAX_TOKENS: Final = 2_000  # of a function; one of a solution has hundreds
RESUMED: Final = 20  # times that reading goes on behind what is no Python

NAME, NUMBER, STRING, OTHER = "name", "number", "string", "other"
ALPHABET: Final = {
    word: chr(0x100 + number)
    for number, word in enumerate(
        [NAME, NUMBER, STRING, OTHER, *sorted(keyword.kwlist), *sorted(token.EXACT_TOKEN_TYPES)]
    )
}
INVISIBLE: Final = frozenset(
    {tokenize.NL, token.INDENT, token.DEDENT, tokenize.COMMENT, token.ENDMARKER, tokenize.ENCODING}
)
CLOSING: Final = frozenset({")", "]", "}"})


def functions(text: str) -> list[str]:
    """Every function and method, in the order of the text; one that is defined within another is its part."""
    found: list[list[str]] = []
    inside: list[str] | None = None
    column = 0  # of the function's `def`; a line that does not begin behind it is outside
    fresh = True  # whether a statement begins here
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the tokenizer, from Python 3.12 on: about escapes in strings
        tokens = list(_tokens(text))
    for kind, word, at in tokens:
        if kind == token.NEWLINE:
            fresh = True
            continue
        # These two begin one whatever bracket was left open above.
        begins, fresh = fresh or word in ("def", "class"), False
        if begins and (inside is None or at <= column):
            inside = [] if word in ("def", "async") else None
            column = at
            if inside is not None:
                found.append(inside)
        if inside is None or (begins and kind == token.STRING):  # a docstring
            continue
        if word in CLOSING and inside[-1:] == [ALPHABET[","]]:  # a formatter's
            inside.pop()
        symbol = _symbol(kind, word)
        if symbol == ALPHABET[STRING] and inside[-1:] == [symbol]:  # two strings in a row are one
            continue
        inside.append(symbol)
    longest = sorted(range(len(found)), key=lambda at: (-len(found[at]), at))[:MAX_FUNCTIONS]
    return ["".join(found[at][:MAX_TOKENS]) for at in sorted(longest)]


def _symbol(kind: int, word: str) -> str:
    if kind == token.NAME:
        return ALPHABET[word if keyword.iskeyword(word) else NAME]
    if kind == token.NUMBER:
        return ALPHABET[NUMBER]
    if kind == token.STRING:
        return ALPHABET[STRING]
    return ALPHABET.get(word, ALPHABET[OTHER])


def _tokens(text: str) -> Iterator[tuple[int, str, int]]:
    """Kind, text and column of each token that shows; where something is no Python, what follows it."""
    plain = text[:MAX_CHARACTERS].replace("\0", " ").replace("\r\n", "\n").replace("\r", "\n")
    lines = [f"{line[:MAX_LINE]}\n" for line in plain.split("\n")]
    first = 0
    for _ in range(RESUMED):
        rest = iter(lines[first:])
        try:
            for kind, word, start in _whole_strings(tokenize.generate_tokens(partial(next, rest, ""))):
                if kind not in INVISIBLE:
                    yield kind, word, start
            return
        except IndentationError as error:  # begins anew with this line's indentation
            first += max((error.lineno or 1) - 1, 1)
        except (tokenize.TokenError, SyntaxError) as error:
            row = error.args[1][0] if isinstance(error, tokenize.TokenError) else error.lineno
            first += max(row or 1, 1)
        yield token.NEWLINE, "", 0
        if first >= len(lines):
            return


def _whole_strings(tokens: Iterator[tokenize.TokenInfo]) -> Iterator[tuple[int, str, int]]:
    """From Python 3.12 on, a string that is formatted has tokens of its own: they are one string again."""
    depth = 0
    for each in tokens:
        name = token.tok_name[each.type]
        if name.endswith("STRING_END"):
            depth -= 1
        elif name.endswith("STRING_START"):
            depth += 1
            if depth == 1:
                yield token.STRING, "", each.start[1]
        elif depth == 0:
            yield each.type, each.string, each.start[1]

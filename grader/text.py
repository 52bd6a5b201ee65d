"""Makes text that came from a submission harmless: no control characters, no escapes, no commands to the
platform whose log it gets into, a bounded length.

What is left is plain text. Writers for a format with markup of its own must still not parse it as markup.
"""

from __future__ import annotations

import re
import unicodedata

LINE_LIMIT = 300
TEXT_LIMIT = 4_000

# Each alternative consumes what it starts on, so the time is linear in the length however hostile the text
# is.
escapes = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"  # CSI: colours, cursor
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"  # strings: titles, links
    r"|\x1b[ -/]*[0-~]?"  # everything else that starts with ESC
)
# What a platform that runs the grader carries out where a log holds it: "::error::" at the start of a line on
# GitHub, "##[error]" anywhere there and on Azure, "##vso[" and the like elsewhere.
commands = re.compile(r"^[ \t]*:(?=:)|##(?=\w*\[)", re.MULTILINE)
line_ends = re.compile("\r\n|[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
# Control, format (direction overrides among them), surrogate, private use, unassigned.
unprintable = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


def plain(text: str, limit: int = TEXT_LIMIT) -> str:
    """``text`` in printable characters, newlines and tabs, about ``limit`` of them; says if it was cut."""
    head = text[: 2 * limit]
    clean = line_ends.sub("\n", escapes.sub("", head))
    if not all(part.isprintable() for part in re.split("[\n\t]", clean)):  # rare, and slow to mend
        clean = "".join(_printable(character) for character in clean)
    clean = commands.sub(r"\g<0> ", clean.rstrip())
    if len(clean) <= limit and len(head) == len(text):
        return clean
    return f"{clean[:limit].rstrip()}\n[cut; {len(text)} characters in all]"


def one_line(text: str, limit: int = LINE_LIMIT) -> str:
    """``text`` as :func:`plain` leaves it, in one line of at most ``limit`` characters."""
    clean = " ".join(plain(text[: 2 * limit], 2 * limit).split())
    if len(clean) <= limit and len(text) <= 2 * limit:
        return clean
    return clean[: limit - 3].rstrip() + "..."


def count(number: int, noun: str, many: str = "") -> str:
    """``1 test``, ``2 tests``; ``2 entries`` with ``many``."""
    return f"{number} {noun if number == 1 else many or f'{noun}s'}"


def _printable(character: str) -> str:
    if character in "\n\t":
        return character
    category = unicodedata.category(character)
    if category == "Cs":
        return "\N{REPLACEMENT CHARACTER}"
    return "" if category in unprintable else character

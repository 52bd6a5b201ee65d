"""Lines of a notebook that IPython understands and Python does not: ``%timeit f()``, ``!ls``, ``train?``."""

from __future__ import annotations

import re

LINE = re.compile(
    r"^(?P<indent>[ \t]*)(?P<rest>"
    r"%{1,2}[A-Za-z_].*"  # %magic, %%magic
    r"|!(?!=).*"  # !command; an expression may go on with "!= b"
    r"|\?{1,2}[ \t]*[A-Za-z_*].*|[A-Za-z_*][\w.*]*\?{1,2}[ \t]*"  # ?name, name?
    r")$",
    re.MULTILINE,
)


def without_magics(text: str) -> str:
    """The text with those lines as comments, so that the numbers of the others stay.

    To be asked only where the text is not Python as it stands: there such a line could be a part of a string,
    or of an expression.
    """
    return LINE.sub(_comment, text)


def _comment(line: re.Match[str]) -> str:
    # A block may hold nothing else; at the margin a statement would come before a "from __future__".
    return f"{line['indent']}pass  # {line['rest']}" if line["indent"] else f"# {line['rest']}"

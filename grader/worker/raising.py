"""An exception of submitted code as plain text, formatted beside that code and never by the judge."""

from __future__ import annotations

import os

from grader.worker import messages

MESSAGE_LIMIT = 500

Place = tuple[str | None, int | None, str | None]
"""File, line, and the line's text."""


def raised(number: int, error: BaseException, stage: str, folder: str) -> messages.Raised:
    """An exception as a reply."""
    try:
        said = error.msg if type(error) is SyntaxError else error  # its str() adds the place
        text = str(said)[:MESSAGE_LIMIT].encode(errors="backslashreplace").decode()
    except BaseException:  # a __str__ that raises
        text = "(the exception's own text could not be made)"
    stub = None
    if isinstance(error, NotImplementedError) and error.args and isinstance(error.args[0], str):
        stub = error.args[0][:MESSAGE_LIMIT]
    file, line, source = place(error, folder)
    return messages.Raised(
        id=number,
        types=[kind.__name__[:100] for kind in type(error).__mro__][:20],
        message=text,
        stub=stub,
        file=file,
        line=line,
        source=source,
        stage=stage,
    )


def place(error: BaseException, folder: str) -> Place:
    """Where in the submission it happened: in the innermost of its files on the stack."""
    if isinstance(error, SyntaxError):
        file, line, text = error.filename, error.lineno, error.text
        if isinstance(file, str) and file.startswith(folder) and isinstance(line, int):
            return os.path.basename(file), line, text.strip()[:200] if isinstance(text, str) else None
    found: Place = (None, None, None)
    trace = error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if name.startswith(folder + os.sep):
            found = (os.path.basename(name), trace.tb_lineno, None)
        trace = trace.tb_next
    if found[0] is not None and found[1] is not None:
        import linecache

        text = linecache.getline(os.path.join(folder, found[0]), found[1]).strip()[:200]
        found = (found[0], found[1], text or None)
    return found

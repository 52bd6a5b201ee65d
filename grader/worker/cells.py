"""Runs the cells of a notebook as modules: one by one, in one namespace, whatever becomes of the others.

A module consists of every cell that is handed in, from the notebook's first to the module's last. In a
notebook there is one kernel, so a helper from another file's cell is there, as it is when everything is run
from top to bottom. A cell that fails (it does not parse, or it raises) is noted, and the next one is run, as
Jupyter would if it were asked to.
"""

from __future__ import annotations
import __future__

import builtins
import contextlib
import importlib.abc
import importlib.machinery
import linecache
import os
import signal
from collections.abc import Iterator
from types import CodeType, FrameType, ModuleType
from typing import Any

import msgspec

from grader.worker import messages
from grader.worker.magics import without_magics
from grader.worker.raising import raised

SUFFIX = ".json"
# Of computing, for one cell. Every test has a process of its own, which runs all the cells: one that trains
# for a minute to look at a curve would leave no time for any test.
CELL_SECONDS = 2.0
# What Jupyter has among its builtins, and what a cell may call that checks itself; neither is here.
IN_A_KERNEL: dict[str, Any] = {
    "display": print,
    "check": lambda *args, **kwargs: None,
    "save_modules": lambda *args, **kwargs: None,
}
FUTURE = tuple(getattr(__future__, name) for name in __future__.all_feature_names)


class Cell(msgspec.Struct, array_like=True):
    """A cell; see :class:`grader.cells.Cell`."""

    number: int
    modules: list[str]
    text: str


class CellTookTooLong(BaseException):
    """A cell computed for longer than one may; no ``except Exception`` of its own catches it."""


class CellsLoader(importlib.abc.Loader):
    """Loads one module of a notebook.

    :param failures: takes each failing cell, its number first and its exception as a reply; the module's own
        cells come before those of other files.
    """

    def __init__(self, name: str, path: str, failures: list[tuple[int, messages.Raised]]) -> None:
        self.name = name
        self.path = path
        self.failures = failures

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        """None: a usual module."""
        return None

    def exec_module(self, module: ModuleType) -> None:
        """Run the module's cells; what fails is no reason to stop."""
        with open(self.path, "rb") as file:
            cells = msgspec.json.decode(file.read(), type=list[Cell])
        last = max((index for index, cell in enumerate(cells) if self.name in cell.modules), default=-1)
        module.__dict__["__builtins__"] = vars(builtins) | IN_A_KERNEL
        self.failures.clear()
        flags = 0
        for cell in cells[: last + 1]:
            flags |= self._run(cell, module, flags)
        own = {cell.number for cell in cells if self.name in cell.modules}
        self.failures.sort(key=lambda failure: failure[0] not in own)

    def _run(self, cell: Cell, module: ModuleType, flags: int) -> int:
        """Run one cell; the ``from __future__`` features that hold from here on, as they do in a kernel."""
        folder = os.path.dirname(self.path)
        name = os.path.join(folder, f"cell {cell.number}")
        linecache.cache[name] = (len(cell.text), None, [f"{line}\n" for line in cell.text.split("\n")], name)
        try:
            code = compiled(cell.text, name, flags)
            with limited(CELL_SECONDS):
                exec(code, module.__dict__)
        except BaseException as error:  # SystemExit too: in a kernel the next cell can still be run
            self.failures.append((cell.number, raised(0, error, "load", folder)))
            return 0
        return sum(feature.compiler_flag for feature in FUTURE if code.co_flags & feature.compiler_flag)


def compiled(text: str, name: str, flags: int = 0) -> CodeType:
    """The code of a cell, without the lines that only IPython understands.

    :raises SyntaxError, ValueError: it is not Python.
    """
    try:
        code: CodeType = compile(text, name, "exec", flags, dont_inherit=True)
    except SyntaxError:
        plain = without_magics(text)
        if plain == text:
            raise
        code = compile(plain, name, "exec", flags, dont_inherit=True)
    return code


@contextlib.contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raise CellTookTooLong after so much computing, where the system can interrupt a process."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise CellTookTooLong(f"it computed for more than {seconds:g} s")

    if not hasattr(signal, "setitimer"):
        yield
        return
    try:
        before = signal.signal(signal.SIGPROF, stop)
    except ValueError:  # not in the main thread
        yield
        return
    outer = signal.setitimer(signal.ITIMER_PROF, seconds)  # of a cell that imports another module
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, *outer)
        signal.signal(signal.SIGPROF, before)

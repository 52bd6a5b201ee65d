"""Submitted and given modules, served by plain name after the standard library and the installed packages."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
from collections.abc import Sequence
from types import ModuleType

from grader.worker import cells
from grader.worker.messages import Raised, Settings


class SubmissionFinder(importlib.abc.MetaPathFinder):
    """Finds the declared modules of one folder, and nothing else there.

    It stands last, so that a submission cannot shadow ``random`` or ``torch``.
    """

    def __init__(self, settings: Settings) -> None:
        self.paths = {name: os.path.join(settings.folder, file) for name, file in settings.modules.items()}
        # Of a module that is made of a notebook's cells: which failed, the number first.
        self.failures: dict[str, list[tuple[int, Raised]]] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The module's spec where the name is declared."""
        file = self.paths.get(fullname)
        if file is None:
            return None
        loader: importlib.abc.Loader
        if file.endswith(cells.SUFFIX):
            loader = cells.CellsLoader(fullname, file, self.failures.setdefault(fullname, []))
        else:
            loader = importlib.machinery.SourceFileLoader(fullname, file)
        return importlib.util.spec_from_file_location(fullname, file, loader=loader)


def install(settings: Settings) -> None:
    """Make the declared modules importable by plain name."""
    sys.meta_path.append(SubmissionFinder(settings))


def failures(module: str) -> list[tuple[int, Raised]]:
    """The cells that failed when a module was loaded; empty for a module that is a file."""
    return [
        failure
        for finder in sys.meta_path
        if isinstance(finder, SubmissionFinder)
        for failure in finder.failures.get(module, ())
    ]

"""Submitted and given modules, served by plain name after the standard library and the installed packages."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
from collections.abc import Sequence
from types import ModuleType

from grader.worker.messages import Settings


class SubmissionFinder(importlib.abc.MetaPathFinder):
    """Finds the declared modules of one folder, and nothing else there.

    It stands last, so that a submission cannot shadow ``random`` or ``torch``.
    """

    def __init__(self, settings: Settings) -> None:
        self.paths = {name: os.path.join(settings.folder, file) for name, file in settings.modules.items()}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The module's spec where the name is declared."""
        file = self.paths.get(fullname)
        if file is None:
            return None
        loader = importlib.machinery.SourceFileLoader(fullname, file)
        return importlib.util.spec_from_file_location(fullname, file, loader=loader)


def install(settings: Settings) -> None:
    """Make the declared modules importable by plain name."""
    sys.meta_path.append(SubmissionFinder(settings))

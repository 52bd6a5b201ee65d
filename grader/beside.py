"""Loads the judge's own modules beside an assignment's tests: measures, signatures, shared helpers."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from grader.faults import GraderFault


def beside(test_file: str, name: str) -> ModuleType:
    """A module in the folder of a test file, for what several test files share.

    ``films = beside(__file__, "films_public")``: tests are no package, so they cannot import one another.
    A module with ``_public`` in its name is handed out, and hidden tests may use it too.

    :param test_file: the test's ``__file__``.
    :param name: without ``.py``.
    :raises GraderFault: it is not there or does not run.
    """
    return load(Path(test_file).resolve().parent / f"{name}.py")


def load(path: Path) -> ModuleType:
    """A judge-side module of an assignment, by path.

    :raises GraderFault: it is not there or does not run.
    """
    name = f"_{path.parent.name}_{path.stem}"
    if name in sys.modules and getattr(sys.modules[name], "__file__", None) == str(path):
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise GraderFault(f"{path} is not there")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise GraderFault(f"{path}: {type(error).__name__}: {error}") from error
    return module

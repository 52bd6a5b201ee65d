"""File names under which nothing can be handed in, because Python would import something else.

A worker serves submitted modules last, after the standard library and the installed packages. That keeps a
submission from shadowing ``random`` or ``torch``, and would let ``random`` shadow a declared ``random.py``.
"""

from __future__ import annotations

import site
import sys
import sysconfig
from importlib.machinery import PathFinder
from pathlib import PurePath

# Whether they are found as installed packages or not: each means something else while grading.
OURS = frozenset({"grader", "conftest", "pytest", "sitecustomize", "usercustomize", "numpy", "torch"})
# Names of devices on Windows, whatever the ending.
DEVICES = frozenset(
    {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}
)


def reserved(file: str) -> str | None:
    """Why a file of this name cannot be declared, or None.

    What is installed differs between machines: on one where a package has a declared file's name, that
    package would be graded.
    """
    stem = PurePath(file).stem
    if stem.lower() in DEVICES:
        return "on Windows it is the name of a device"
    if not file.endswith(".py"):
        return None
    if stem in sys.stdlib_module_names:
        return f"{stem} is a module of Python's standard library"
    if stem in OURS:
        return f"{stem} is another module wherever something is graded"
    spec = PathFinder.find_spec(stem, _installed())
    if spec is not None:
        place = spec.origin or next(iter(spec.submodule_search_locations or ()), "")
        return f"a package {stem} is installed here ({place}) and would be imported instead"
    return None


def _installed() -> list[str]:
    """The folders of installed packages: neither where somebody works nor where a submission lies."""
    return list(dict.fromkeys([*map(sysconfig.get_path, ("purelib", "platlib")), *site.getsitepackages()]))

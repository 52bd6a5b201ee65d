"""The runs behind a calibration, kept one a line, so that a stopped calibration goes on where it was."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from grader.band_file import Lines

FILE_NAME = "runs.jsonl"
_PACKAGES = ("grader", "numpy", "torch")


class Run(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One run of one solution.

    :param solution: ``reference`` or the name of a known mistake.
    :param index: which of the calibration's seeds.
    :param figure: None where the run gave none; ``fault`` then says why.
    :param digest: of what the figure rests on (:mod:`grader.gate_basis`); a run of other code is not used
        again.
    :param times: seconds of the solution and of the reference beside it, of a race.
    :param lines: the curves of the reference, picture by picture and line by line.
    """

    gate: str
    solution: str
    index: int
    seed: int
    figure: float | None
    fault: str = ""
    seconds: float
    date: str
    device: str
    versions: dict[str, str]
    digest: str
    times: tuple[float, float] | None = None
    lines: Lines = {}


class RunStore:
    """The runs of one assignment in a folder that git does not see."""

    def __init__(self, folder: Path, *, resume: bool = True) -> None:
        """
        :param resume: keep what stands there; else begin with nothing.
        """
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".gitignore").write_text("*\n", encoding="ascii")
        self._path = folder / FILE_NAME
        self._runs: list[Run] = []
        if resume and self._path.is_file():
            self._runs = list(_decode(self._path.read_bytes().splitlines()))
        # A line that was cut off in the middle of a write goes with the next one.
        self._path.write_bytes(b"".join(msgspec.json.encode(run) + b"\n" for run in self._runs))

    def find(self, like: Run) -> Run | None:
        """The run already made of this solution and seed: same code, device and versions."""
        keys = ("gate", "solution", "index", "seed", "digest", "device", "versions")
        for run in self._runs:
            if all(getattr(run, key) == getattr(like, key) for key in keys):
                return run
        return None

    def add(self, run: Run) -> None:
        """Keep a run; it is on disk when this returns."""
        self._runs.append(run)
        with self._path.open("ab") as file:
            file.write(msgspec.json.encode(run) + b"\n")


def versions() -> dict[str, str]:
    """What figures may depend on: Python and the packages, as installed; nothing is imported."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _decode(lines: Iterable[bytes]) -> Iterator[Run]:
    for line in lines:
        try:
            yield msgspec.json.decode(line, type=Run)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue

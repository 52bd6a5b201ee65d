"""Writes a folder and its zip so that the same course gives the same bytes."""

from __future__ import annotations

import io
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from grader.faults import GraderFault

# Lies in every folder built here, and only a folder that holds it is ever replaced.
STAMP = "RELEASE"
# Subpackages that nothing of a grading needs, and that would tell students how the tests are tried.
AUTHORS_ONLY = frozenset({"mutation"})
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can tell

Tree = Mapping[str, bytes]
"""Relative POSIX path -> content."""


def engine_files(under: str) -> dict[str, bytes]:
    """The package itself as source, for a release that carries it; without what only authors use."""
    package = Path(__file__).parents[1]
    return {
        f"{under}/{path.relative_to(package).as_posix()}": path.read_bytes()
        for path in package.rglob("*")
        if path.is_file()
        and "__pycache__" not in path.parts
        and path.suffix != ".pyc"
        and path.relative_to(package).parts[0] not in AUTHORS_ONLY
    }


def write_folder(tree: Tree, folder: Path, executable: frozenset[str] = frozenset()) -> None:
    """Writes ``tree`` to ``folder``, in place of what an earlier build left there.

    :raises GraderFault: the folder exists and no build of ours made it.
    """
    if folder.exists():
        if not (folder / STAMP).is_file():
            raise GraderFault(f"{folder} exists and is not a release; nothing was written")
        shutil.rmtree(folder)
    for name in sorted(tree):
        path = folder / PurePosixPath(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(tree[name])
        path.chmod(0o755 if name in executable else 0o644)


def write_zip(tree: Tree, path: Path, top: str = "", executable: frozenset[str] = frozenset()) -> None:
    """Writes ``tree`` as a zip with sorted names and fixed times.

    :param top: folder in the zip that holds everything; empty puts the files at its root.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(zipped(tree, top, executable))


def zipped(tree: Tree, top: str = "", executable: frozenset[str] = frozenset()) -> bytes:
    """The bytes of that zip."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(tree):
            entry = zipfile.ZipInfo(f"{top}/{name}" if top else name, EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix, whatever the machine is: the permissions below count
            entry.external_attr = (0o100755 if name in executable else 0o100644) << 16
            archive.writestr(entry, tree[name])
    return content.getvalue()

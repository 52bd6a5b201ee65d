"""The submissions that are handed in: files as a student's, and what an honest reader expects of them."""

from __future__ import annotations

import ast
import shutil
from collections.abc import Mapping
from pathlib import Path

from gradescope.chroot import ROOT

ROWS = ROOT / "tests" / "redteam" / "rows"

# Says who it is and what it can open; a public test's output carries it to whoever reads results.json.
TELLS = """

import os as _os


def _tells():
    print("told: uid", _os.getuid(), _os.geteuid(), "groups", _os.getgroups())
    source = "/autograder/source"
    hidden = f"{source}/course/assignments/p1/test_hidden_batch.py"
    results = "/autograder/results/results.json"
    told = "/autograder/submission_metadata.json"
    for path in (hidden, f"{source}/course/reference/p1/gradient_flow.py", f"{source}/secret", results, told):
        for mode in ("r", "r+"):
            try:
                open(path, mode).close()
                print("told: opened", path, mode)
            except OSError:
                continue
    for folder in (source, "/autograder/results", "/autograder/submission", "/root", "/harness"):
        try:
            print("told: listed", folder, len(_os.listdir(folder)))
        except OSError:
            continue
    for folder in ("/autograder", "/autograder/results", "/opt/grader", "/tmp", "/var/tmp", "/dev/shm"):
        try:
            open(f"{folder}/told", "w").close()
            print("told: wrote", folder)
        except OSError:
            continue


_tells()
"""
# What was printed is shown where a public test was failed.
FAILS = '\n\ndef forward(x, w1, w2, w3, target):\n    return {"z1": 0.0}\n'
LOOPS = "\n\ndef zero_causes(x, w1, w2, w3, target):\n    while True:\n        pass\n"
TAKES = """

def zero_causes(x, w1, w2, w3, target):
    taken = []
    while True:
        taken.append(bytearray(1 << 22))
"""


def files(base: str, assignment: str, names: tuple[str, ...] = ()) -> dict[str, str]:
    """The modules that a student hands in, by name: ``base`` is the reference or the starter."""
    declared = names or HANDED_IN[assignment]
    return {name: (ROOT / base / assignment / name).read_text(encoding="utf-8") for name in declared}


HANDED_IN = {
    "p1": ("gradient_flow.py", "optimizer_choice.py"),
    "p5": ("debugging.py", "transformer.py"),
}


def planted(assignment: str, mistake: str) -> dict[str, str]:
    """The reference with a known mistake."""
    text = (ROOT / "reference" / assignment / "mistakes" / f"{mistake}.py").read_text(encoding="utf-8")
    assigned = [node for node in ast.parse(text).body if isinstance(node, ast.Assign)]
    names = {node.targets[0].id: ast.literal_eval(node.value) for node in assigned[:2]}  # type: ignore[attr-defined]
    found = files("reference", assignment)
    found[f"{names['MODULE']}.py"] += f"\n\n{text}"
    return found


def attack(row: str) -> dict[str, str]:
    """A row of the red team, appended to the untouched stubs: all that it earns was not earned."""
    found = files("starter", "p1")
    for path in sorted((ROWS / row).glob("*.py")):
        more = path.read_text(encoding="utf-8")
        found[path.name] += f"\n\n{more}" if "def forward" in more else f"{FAILS}\n\n{more}"
    return found


def written(folder: Path, content: Mapping[str, str | bytes]) -> Path:
    """A folder with these files."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, text in content.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder

"""The red team's harness notices what it looks for: an attack that succeeds is not passed over."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest
from redteam.harness import ROOT, Arena, load, no_rows, own_state, rows

pytestmark = pytest.mark.timeout(180, method="thread")

CATALOGUE = list(range(1, 67))

ROW = """
attacks = []
title = "A submission of the harness's own tests"
assignment = "p1"
select = "test_forward_random"
files = "test_hidden_gradient_flow.py"
honest = 0.0
prints = "attack: "
outcomes = ["failed", "submission_error"]
needs = "process"
"""


@pytest.fixture
def fight(arena: Arena, tmp_path: Path):
    """Grades a submission whose row promises that it earns nothing."""

    def fight(code: str, row: str = ROW) -> str:
        folder = tmp_path / "row"
        folder.mkdir()
        (folder / "row.toml").write_text(row)
        (folder / "gradient_flow.py").write_text(dedent(code))
        return "\n".join(arena.fight(folder))

    return fight


def test_points_that_were_not_earned_are_seen(fight):
    trouble = fight("print('attack: none')")
    assert "points for what earns 0" in trouble
    assert "not [" in trouble


def test_an_attack_that_did_not_run_is_seen(fight):
    trouble = fight("def forward(**case): return {}")
    assert trouble.startswith("nothing printed matches")


def test_what_is_right_is_no_trouble(fight):
    assert fight("print('attack: x')\ndef forward(**case): return {}") == ""


def test_files_that_are_left_or_changed_are_seen_and_cleared(fight, arena, monkeypatch):
    readme, left = arena.course / "assignments/p1/README.md", Path(f"/tmp/redteam-harness-{os.getpid()}")
    before = readme.read_bytes()

    def write(*_: object) -> None:  # in place of a submission: the sandbox would let none do it
        left.touch()
        readme.write_bytes(before + b" ")

    monkeypatch.setattr(arena, "points", write)
    trouble = fight("print('attack: writes')\ndef forward(**case): return {}")
    readme.write_bytes(before)
    assert f"left behind: ['{left}']" in trouble
    assert str(readme) in trouble
    assert arena.litter() == []


def state(arena: Arena) -> tuple[object, ...]:
    return arena.files(), arena.litter(), arena.system_v(), own_state(), arena.scratch()


def test_a_process_that_is_left_is_seen_and_killed(arena):
    """Wherever it hangs: this one's parent ends at once."""
    line = f"import os; os.chdir({str(arena.folder)!r}); os.fork() and os._exit(0); os.setsid(); os.pause()"
    line = line.replace("os.pause()", "import signal; signal.pause()")
    subprocess.run([sys.executable, "-c", line], check=True)
    arena.trouble = []
    arena.remains(*state(arena))
    assert "still runs" in arena.trouble[0]
    arena.clear()
    arena.trouble = []
    arena.remains(*state(arena))
    assert arena.trouble == []


def test_a_zygote_that_was_killed_is_seen_and_replaced(fight, arena, monkeypatch):
    def kill(*_: object) -> None:
        arena.launcher.process.kill()
        arena.launcher.process.wait()

    monkeypatch.setattr(arena, "points", kill)
    trouble = fight("print('attack: kills')\ndef forward(**case): return {}")
    assert "killed: [" in trouble
    assert "next worker" in trouble  # none, or one of another zygote
    arena.trouble = []
    arena.next_worker()
    assert arena.trouble == []


def test_a_worker_that_sees_something_new_is_noticed(arena):
    want = arena.canaries[False]
    arena.canaries[False] = {**want, "default dtype": "torch.float64"}
    try:
        arena.trouble = []
        arena.next_worker()
    finally:
        arena.canaries[False] = want
    assert arena.trouble == ["the next worker's default dtype: 'torch.float64' became 'torch.float32'"]


@pytest.mark.parametrize("folder", rows(), ids=lambda folder: folder.name)
def test_a_row_says_what_it_is(folder):
    row = load(folder)
    assert row.title[0].isupper()
    assert row.title[-1] != "."
    assert row.prints
    assert set(row.attacks) <= set(CATALOGUE)
    assert row.outcomes


def test_every_attack_of_the_catalogue_has_a_row_or_a_reason():
    attacked = {number for folder in rows() for number in load(folder).attacks}
    assert sorted(attacked | set(no_rows())) == CATALOGUE
    assert not attacked & set(no_rows())
    assert len(rows()) >= 90


def test_a_reason_for_no_row_names_tests_that_exist():
    for number, entry in no_rows().items():
        assert entry.why.endswith("."), number
        assert all((ROOT / name).is_file() for name in entry.tests), number

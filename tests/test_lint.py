"""The lint of the assignments' tests: a row for each habit, and the assignments themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.lint import lint_assignments, lint_file

ASSIGNMENTS = Path(__file__).parents[1] / "assignments"

TEST = '''
@graded("p1.backward", points=1, rung="random")
def test_it(student, reference, bench):
    """A title."""
    {}
'''

# body of a test, the rule that it breaks
ROWS = [
    ("assert student.flow.f(1.0) > 0", "bare-assert"),
    ("check(student.flow.f(1.0) == 2.0, 'differs')", "bare-comparison"),
    ("check(2.0 != student.flow.f(1.0), 'differs')", "bare-comparison"),
    ("check(student.flow.REASONS == {}, 'differs')", "bare-comparison"),
    ("check(student.run(bench.trace, x=1) == 2, 'differs')", "bare-comparison"),
    ("got = student.flow.f(1.0)\n    check(got == 2, 'differs')", "bare-comparison"),
    ("got: dict = student.flow.f(1.0)\n    check(got['y'] == 2, 'differs')", "bare-comparison"),
    ("y, (z, *_) = student.flow.f(1.0)\n    check(z == 2, 'differs')", "bare-comparison"),
    ("if (got := student.flow.f(1.0)) == 2:\n        pass", "bare-comparison"),
    ("got = student.flow.f(1.0)\n    part = got.loss\n    check(part != 0, 'zero')", "bare-comparison"),
    ("for y in student.flow.f(1.0):\n        check(y == 2, 'differs')", "bare-comparison"),
    (
        "got = student.flow.f(1)\n    for k, y in got.items():\n        check(y == 2, 'differs')",
        "bare-comparison",
    ),
    ("got = student.flow.f(1)\n    check(all(y == 2 for y in got), 'differs')", "bare-comparison"),
    ("check(0 < 1 == student.flow.f(1), 'differs')", "bare-comparison"),
    (
        "check_each([1], lambda subject, case: subject.flow.f(case) == 2, student, reference)",
        "bare-comparison",
    ),
    ("import torch", "torch-import"),
    ("import torch.nn as nn", "torch-import"),
    ("from torch import nn", "torch-import"),
    ("from grader.worker.recorder import Recorder", "torch-import"),
    ("importlib.import_module('torch.nn')", "torch-import"),
    ("__import__('torch')", "torch-import"),
    ("pytest.skip('no time')", "skip"),
    ("torch = pytest.importorskip('numpy')", "skip"),
]

ALLOWED = [
    "assert_close(student.flow.f(1.0), 2.0, 'y')",
    "got = student.flow.f(1.0)\n    check(len(got) == 3, 'three entries')",
    "got = student.flow.f(1.0)\n    check(got['h'].shape == (3,), 'the shape')",
    "got = student.flow.f(1.0)\n    check(got.dtype == np.float64, 'float64')",
    "got = student.flow.f(1.0)\n    check(float(got['y']) == 2.0, 'y')",
    "got = student.flow.f(1.0)\n    check(set(got) == {'y'}, 'the keys')",
    "got = student.flow.f(1.0)\n    check(got['y'] <= 2.0, 'y')",
    "got = student.flow.f(1.0)\n    if got.step_on == 'batch':\n        pass",
    "got = student.flow.f(1.0)\n    check(bool(np.all(got != 0)), 'no zeros')",
    "rows = [row for row in range(3) if row == 0]",
    "check(bench.trace != None, 'a bench')",
    "importlib.import_module('numpy')",
    "import torchlight",
]


def lint(tmp_path, text, name="test_hidden.py"):
    path = tmp_path / name
    path.write_text(text)
    return lint_file(path)


@pytest.mark.parametrize(("body", "rule"), ROWS, ids=[f"{rule}-{at}" for at, (_, rule) in enumerate(ROWS)])
def test_refused(tmp_path, body, rule):
    complaints = lint(tmp_path, TEST.format(body))
    assert {complaint.rule for complaint in complaints} == {rule}
    assert all(complaint.line >= 5 for complaint in complaints)


@pytest.mark.parametrize("body", ALLOWED, ids=range(len(ALLOWED)))
def test_allowed(tmp_path, body):
    assert lint(tmp_path, TEST.format(body)) == []


def test_a_test_has_a_title_and_a_question(tmp_path):
    text = "def test_it(student):\n    pass\n\n\ndef helper():\n    pass\n"
    assert [(found.line, found.rule) for found in lint(tmp_path, text)] == [
        (1, "no-docstring"),
        (1, "not-graded"),
    ]
    marked = '@pytest.mark.timeout(3)\ndef test_it(student):\n    """Title."""\n'
    assert [found.rule for found in lint(tmp_path, marked)] == ["not-graded"]
    dotted = '@testing.graded("p1.x", points=1, rung="random")\ndef test_it(student):\n    """Title."""\n'
    assert lint(tmp_path, dotted) == []


def test_skip_marks_are_refused(tmp_path):
    text = TEST.format("pass").replace("@graded", "@pytest.mark.skipif(True)\n@graded")
    assert [found.rule for found in lint(tmp_path, text)] == ["skip"]


def test_measures_and_signatures_may_assert_but_not_import_torch(tmp_path):
    text = (
        "import torch\n\n\ndef loss(subject, bench, seed):\n    assert seed\n    return subject.a.f(1) == 1\n"
    )
    for name in ("measure.py", "signatures.py"):
        assert [found.rule for found in lint(tmp_path, text, name)] == ["torch-import"]


def test_a_file_that_does_not_parse_is_said_with_its_line(tmp_path):
    (found,) = lint(tmp_path, "x = 1\ndef test(:\n")
    assert (found.line, found.rule) == (2, "syntax")


def test_a_complaint_reads_as_file_line_rule_text(tmp_path):
    (found,) = lint(tmp_path, TEST.format("assert True"))
    assert (
        str(found) == f"{tmp_path / 'test_hidden.py'}:5: bare-assert: use check, assert_close or assert_same"
    )


def test_folders_are_searched(tmp_path):
    folder = tmp_path / "p1"
    folder.mkdir()
    (folder / "measure.py").write_text("import torch\n")
    (folder / "test_public.py").write_text(TEST.format("assert True"))
    (folder / "bench.py").write_text("import torch\nassert torch\n")
    assert [found.path.name for found in lint_assignments(tmp_path)] == ["measure.py", "test_public.py"]


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        ('gate("p1.accuracy").judge(student)', []),
        (
            'try:\n        gate("p1.accuracy").judge(student)\n    finally:\n        show(student.evidence)',
            [],
        ),
        ('assert_close(gate("p1.accuracy").record.threshold, 0.9, "the mark")', [2]),
        ('judge = gate\n    judge("p1.accuracy").judge(student)', [2]),
        ('gate("p1.accuracy").judge(student)\n    check(figure(student) > 0.9, "too low")', [3]),
        ('gate("p1.accuracy").judge(student)\n    check(0.9 <= figure(student) <= MARK, "off")', [3]),
    ],
)
def test_a_gate_is_judged_by_its_calibrated_mark_alone(tmp_path, body, lines):
    file = tmp_path / "test_it.py"
    marked = '@graded("p1.x", points=1, rung="random")\n'
    file.write_text(
        f"def helper(figure):\n    return figure > 0.5\n\n\n{marked}def test_it(student, gate):\n    {body}\n"
    )
    found = [complaint for complaint in lint_file(file) if complaint.rule == "written-mark"]
    assert [complaint.line - 5 for complaint in found] == lines


def test_the_assignments_keep_the_rules():
    assert list(ASSIGNMENTS.glob("*/test_*.py"))
    assert [str(complaint) for complaint in lint_assignments(ASSIGNMENTS)] == []

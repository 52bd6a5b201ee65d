"""What a gate rests on: whatever can move a figure counts, and a comment does not; stale gates are told."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
import pytest
import tomlkit
from rich.console import Console

from grader import cli
from grader.commands import calibrating
from grader.config import Course, load_assignment
from grader.faults import GraderFault
from grader.gate_basis import basis
from grader.gate_file import GateRecord, WrongSolution, load_gates, render_gates, write_gates
from grader.gate_status import gate_states
from grader.gate_table import BEGIN, END, markdown, row, with_table
from grader.thresholds import LARGEST_CHANCE

ROOT = Path(__file__).parents[1]

FILES = {
    "assignments/q9/assignment.toml": """
title = "Training"
files = ["model.py", "other.py"]
given = ["given.py"]

[questions."q9.accuracy"]
title = "Accuracy"
file = "model.py"
minutes = 5
review = "Reread it."

[gates."q9.accuracy"]
measure = "accuracy"
wrong = ["half"]
seeds = 2

[gates."q9.loss"]
measure = "loss"
wrong = []
seeds = 2
""",
    "assignments/q9/measure.py": '''"""Measures."""
from grader.datasets.digits import digits
from grader.testing import beside

helper = beside(__file__, "shared_public_helper")
SCALE = 2.0


def accuracy(subject, bench, seed):
    """How well it does."""
    return scaled(subject.run(bench.trained, digits(10, seed))) + helper.offset()


def scaled(figure):
    return SCALE * figure


def loss(subject, bench, seed):
    return subject.run(bench.lost, seed)
''',
    "assignments/q9/shared_public_helper.py": """def offset():
    return 0.0


def unused():
    return 1
""",
    "assignments/q9/bench_public.py": """import torch
import model

torch.set_num_threads(1)


def trained(data):
    return _epochs(model.fit, data)


def _epochs(fit, data):
    return fit(data)
""",
    "assignments/q9/bench.py": "import other\n\n\ndef lost(seed):\n    return other.lose(seed)\n",
    "reference/q9/model.py": """from given import WIDTH


def fit(data):
    return WIDTH * 0.5


def asked_too():
    return 1
""",
    "reference/q9/other.py": "def lose(seed):\n    return 1.0\n",
    "reference/q9/given.py": "WIDTH = 1\nDEPTH = 2\n",
    "reference/q9/mistakes/half.py": '''"""Said."""
QUESTIONS = ("q9.accuracy",)
MODULE = "model"


def fit(data):
    return 0.1
''',
}


@pytest.fixture
def course(tmp_path: Path) -> Course:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Course(tmp_path)


def rests_on(course: Course, gate: str = "q9.accuracy") -> tuple[str, str]:
    assignment = load_assignment(course.root / "assignments" / "q9")
    return basis(assignment, gate, course.root / "reference" / "q9")


# file, what stands there, what stands there instead, which digests change: the measure's, the reference's
CHANGES = [
    ("assignments/q9/measure.py", "SCALE = 2.0", "SCALE = 3.0", (True, False)),
    ("assignments/q9/measure.py", "return SCALE * figure", "return figure", (True, False)),
    ("assignments/q9/measure.py", "digits(10, seed)", "digits(20, seed)", (True, False)),
    ("assignments/q9/measure.py", "bench.lost, seed", "bench.lost, seed + 1", (False, False)),
    ("assignments/q9/measure.py", "How well it does.", "How well.", (False, False)),
    ("assignments/q9/measure.py", "SCALE = 2.0", "SCALE = 2.0  # twice", (False, False)),
    ("assignments/q9/shared_public_helper.py", "return 0.0", "return 0.1", (True, False)),
    ("assignments/q9/shared_public_helper.py", "return 1\n", "return 2\n", (False, False)),
    ("assignments/q9/bench_public.py", "return fit(data)", "return fit(data[1:])", (True, False)),
    ("assignments/q9/bench_public.py", "set_num_threads(1)", "set_num_threads(2)", (True, False)),
    ("assignments/q9/bench.py", "other.lose(seed)", "other.lose(0)", (False, False)),
    ("reference/q9/model.py", "WIDTH * 0.5", "WIDTH * 0.6", (False, True)),
    ("reference/q9/model.py", "return 1\n", "return 2\n", (False, False)),
    ("reference/q9/other.py", "return 1.0", "return 2.0", (False, False)),
    ("reference/q9/given.py", "WIDTH = 1", "WIDTH = 2", (False, True)),
    ("reference/q9/given.py", "DEPTH = 2", "DEPTH = 3", (False, False)),
]


@pytest.mark.parametrize(("file", "old", "new", "changed"), CHANGES)
def test_what_can_move_a_figure_counts_and_nothing_else(
    course: Course, file: str, old: str, new: str, changed: tuple[bool, bool]
) -> None:
    before = rests_on(course)
    path = course.root / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    after = rests_on(course)
    assert (after[0] != before[0], after[1] != before[1]) == changed


def test_data_generators_count_with_what_they_use(course: Course, tmp_path: Path) -> None:
    before = rests_on(course), rests_on(course, "q9.loss")
    data = tmp_path / "datasets"
    data.mkdir()
    source = (ROOT / "grader" / "datasets" / "digits.py").read_text()
    (data / "digits.py").write_text(source)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("grader.datasets.__path__", [str(data)])
        unchanged = rests_on(course), rests_on(course, "q9.loss")
        assert "SIZE = 28" in source
        (data / "digits.py").write_text(source.replace("SIZE = 28", "SIZE = 29"))
        changed = rests_on(course), rests_on(course, "q9.loss")
    assert unchanged == before
    assert changed[0][0] != before[0][0]
    assert changed[1] == before[1]


def test_of_a_solution_that_the_measure_does_not_name_all_counts(course: Course) -> None:
    (course.root / "assignments" / "q9" / "measure.py").write_text(
        "def accuracy(subject, bench, seed):\n    return subject.answer(seed)\n"
    )
    before = rests_on(course)
    (course.root / "reference" / "q9" / "other.py").write_text("def lose(seed):\n    return 3.0\n")
    assert rests_on(course) != before


def test_a_file_that_does_not_parse_and_a_measure_that_is_not_there(course: Course) -> None:
    (course.root / "reference" / "q9" / "other.py").write_text("def lose(:\n")
    with pytest.raises(GraderFault, match=r"other\.py: line 1"):
        rests_on(course)
    (course.root / "assignments" / "q9" / "measure.py").write_text("x = 1\n")
    with pytest.raises(GraderFault, match="has no function 'accuracy'"):
        rests_on(course)


# -- the state of gates


def record(course: Course, **changed: object) -> GateRecord:
    """A record of q9.accuracy as a calibration would write it now."""
    from grader.calibrate import solution
    from grader.calibration_runs import versions

    assignment = load_assignment(course.root / "assignments" / "q9")
    measure, reference = rests_on(course)
    with solution(course, assignment, "half") as folder:
        half = basis(assignment, "q9.accuracy", folder)[1]
    made = GateRecord(
        measure="accuracy",
        threshold=0.5,
        mean=0.9,
        sd=0.01,
        n=2,
        min=0.8,
        max=1.0,
        quantiles={"q50": 0.9},
        sd_run=0.01,
        false_alarm=1e-12,
        false_alarm_bound=1e-9,
        device="cpu",
        date="2026-01-01",
        versions=versions(),
        rests_on={"measure": measure, "reference": reference, "half": half},
        wrong=[WrongSolution(name="half", n=2, mean=0.1, sd=0.1, pass_chance=0.0, pass_chance_16=0.0)],
    )
    return msgspec.structs.replace(made, **changed)


def states(course: Course, written: GateRecord | None) -> tuple[str, ...]:
    """Why q9.accuracy is stale."""
    assignment = load_assignment(course.root / "assignments" / "q9")
    write_gates(assignment.gates_path, {"q9.accuracy": written} if written else {})
    (state,) = gate_states(course, assignment, ["q9.accuracy"])
    return state.stale


def test_a_gate_is_current_until_something_changes(course: Course) -> None:
    made = record(course)
    assert states(course, made) == ()
    mistake = course.root / "reference" / "q9" / "mistakes" / "half.py"
    mistake.write_text(mistake.read_text().replace("Said.", "Said to the student."))
    assert states(course, made) == ()
    mistake.write_text(mistake.read_text().replace("0.1", "0.2"))
    assert states(course, made) == ("changed since: half",)
    reference = course.root / "reference" / "q9" / "given.py"
    reference.write_text(reference.read_text().replace("WIDTH = 1", "WIDTH = 9"))
    assert states(course, made) == ("changed since: reference, half",)
    measure = course.root / "assignments" / "q9" / "measure.py"
    measure.write_text(measure.read_text().replace("2.0", "4.0"))
    assert states(course, made) == ("changed since: reference, measure, half",)


def test_what_assignment_toml_asks_otherwise_is_told(course: Course) -> None:
    made = record(course)
    assert states(course, None) == ("never calibrated",)
    assert states(course, msgspec.structs.replace(made, rests_on={})) == ("nothing says what it rests on",)
    assert states(course, msgspec.structs.replace(made, wrong=[])) == ("no runs of half",)
    path = course.root / "assignments" / "q9" / "assignment.toml"
    path.write_text(path.read_text().replace('wrong = ["half"]\nseeds = 2', "wrong = []\nseeds = 3"))
    assert states(course, made) == (
        "half is not among the wrong solutions any more",
        "2 runs of reference, not 3",
        "2 runs of half, not 3",
    )
    path.write_text(path.read_text().replace('measure = "accuracy"', 'measure = "loss"'))
    assert states(course, made)[0] == "measured by accuracy, not loss"


def test_other_versions_are_told_beside(course: Course) -> None:
    made = record(course)
    other = {**made.versions, "numpy": "1.0"}
    assert states(course, msgspec.structs.replace(made, versions=other)) == ()
    assignment = load_assignment(course.root / "assignments" / "q9")
    accuracy, loss = gate_states(course, assignment)
    assert accuracy.other_versions == {"numpy": made.versions["numpy"]}
    assert (loss.record, loss.stale) == (None, ("never calibrated",))


def test_the_command_tells_it_and_ends_with_status_1_where_one_is_stale(
    course: Course, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(course.root)
    wide = Console(width=200, highlight=False, markup=False, soft_wrap=True)
    monkeypatch.setattr(calibrating, "out", wide)
    states(course, record(course))

    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["grader", "calibrate", "q9", *arguments, "--status"])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return int(ended.value.code or 0), capfd.readouterr().out

    status, said = run("q9.accuracy")
    assert status == 0
    for part in ("q9.accuracy", "current", "2026-01-01", "1.0e-12, at most 1.0e-09", "half (0.1 ± 0.1)"):
        assert part in said
    status, said = run()
    assert status == 1
    assert "never calibrated" in said
    assert run("q9.none")[0] == 2
    assert not (course.root / ".calibration").exists()


def test_the_digests_stand_in_the_file_and_older_files_are_read(course: Course) -> None:
    made = record(course)
    path = course.root / "gates.toml"
    write_gates(path, {"q9.accuracy": made})
    assert load_gates(path)["q9.accuracy"].rests_on == made.rests_on
    older = tomlkit.parse(path.read_text())
    del older["gates"]["q9.accuracy"]["rests_on"]  # type: ignore[union-attr, arg-type]
    path.write_text(tomlkit.dumps(older))
    kept = load_gates(path)
    assert kept["q9.accuracy"].rests_on == {}
    assert "rests_on" not in render_gates(kept)


# -- the table


def test_the_best_wrong_solution_is_the_one_that_passes_most_easily(course: Course) -> None:
    def wrong(name: str, mean: float | None, chance: float) -> WrongSolution:
        sd = None if mean is None else 0.1
        return WrongSolution(name=name, n=60, mean=mean, sd=sd, pass_chance=chance, pass_chance_16=chance)

    made = record(course, wrong=[wrong("far", 0.1, 0.0), wrong("near", 0.4, 0.0), wrong("none", None, 0.0)])
    assert row("q9.accuracy", made)[4:] == ("near (0.4 ± 0.1)", "0.0e+00")
    lower = msgspec.structs.replace(made, direction="lower")
    assert row("q9.accuracy", lower)[4] == "far (0.1 ± 0.1)"
    passing = msgspec.structs.replace(made, wrong=[*made.wrong, wrong("passes", 0.0, 0.02)])
    assert row("q9.accuracy", passing)[4:] == ("passes (0 ± 0.1)", "2.0e-02")
    fails = msgspec.structs.replace(made, wrong=[wrong("none", None, 0.0)])
    assert row("q9.accuracy", fails)[4] == "none (no figure)"
    assert row("q9.accuracy", msgspec.structs.replace(made, wrong=[]))[4:] == ("", "")


def test_a_page_has_its_table_between_the_marks(course: Course) -> None:
    states(course, record(course))
    page = with_table(f"before\n{BEGIN}\nold\n{END}\nafter\n", course)
    assert page.startswith(f"before\n{BEGIN}\n\n| gate |")
    assert page.endswith(f"|\n\n{END}\nafter\n")
    assert "old" not in page
    assert with_table(page, course) == page
    with pytest.raises(GraderFault, match="the page has no"):
        with_table("without", course)


# -- the gates of this course


def course_gates() -> dict[str, GateRecord]:
    here = Course(ROOT)
    return {
        name: gate
        for assignment in here.assignments()
        for name, gate in load_gates(here.assignment(assignment).gates_path).items()
    }


def test_the_documentation_shows_todays_gates() -> None:
    """`python -m grader.gate_table docs/calibration.md` writes its table."""
    page = (ROOT / "docs" / "calibration.md").read_text()
    assert with_table(page, Course(ROOT)) == page
    assert markdown(course_gates()) in page


def test_every_gate_of_the_course_is_calibrated_on_60_runs_and_tight() -> None:
    here, records = Course(ROOT), course_gates()
    asked = {name: spec for each in here.assignments() for name, spec in here.assignment(each).gates.items()}
    assert set(records) == set(asked)
    for name, gate in records.items():
        assert {wrong.name for wrong in gate.wrong} == set(asked[name].wrong), name
        assert min(gate.n, *(wrong.n for wrong in gate.wrong)) >= 60, name
        assert gate.false_alarm_bound <= LARGEST_CHANCE, name
        assert max(wrong.pass_chance_16 for wrong in gate.wrong) <= LARGEST_CHANCE, name
        assert gate.caveats == [], name


def test_what_a_gate_of_the_course_rests_on_is_found() -> None:
    here = Course(ROOT)
    for name in here.assignments():
        assignment = here.assignment(name)
        for gate in assignment.gates:
            reference = here.reference(name)
            assert reference is not None
            assert len(set(basis(assignment, gate, reference))) == 2

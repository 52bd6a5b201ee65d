"""The zip for Otter: made by Otter's own tool, graded by the real Otter, which runs nothing handed in."""

from __future__ import annotations

import importlib.util
import json
import pickle
import re
import socket
import stat
import subprocess
import sys
import threading
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ottering import (
    NEEDS_OTTER,
    REAL_RUN,
    otter_run,
    packed,
    run_autograder,
    unpacked,
    whole_course,
)

from grader.config import Course
from grader.faults import GraderFault, Outcome
from grader.otter.apart import Apart
from grader.otter.layout import COURSE, ENTRY, PLUGIN
from grader.points import PlannedTest
from grader.release.otter import build_otter
from grader.results.build import build
from grader.results.model import Context, Result
from grader.scoring import CaseResult, score
from grader.seeds import new_secret

pytestmark = NEEDS_OTTER

# Right in one question, wrong in the other, and full of what has worked against Otter alone.
HALVES = """
import os, sys
sys.path.append(os.getcwd())

def half(number):
    return number

def mean(numbers):
    return sum(numbers) / len(numbers)

def mark(name):
    try:
        open(os.path.join({marks!r}, name), "w").close()
    except OSError:
        pass

mark("module")
try:
    from otter.test_files.abstract_test import TestCaseResult, TestFile
    from otter.test_files import exception_test

    def run(self, *_):
        self.test_case_results = [TestCaseResult(case, None, True) for case in self.test_cases]

    exception_test.ExceptionTestFile.run = run
    mark("patched")
except Exception:
    pass
try:
    for name in os.listdir("tests"):
        text = "OK_FORMAT = True\\ntest = dict(name='q', points=50, suites=[dict(cases=[dict(code='')])])\\n"
        open(os.path.join("tests", name), "w").write(text)
        mark("rewritten")
except OSError:
    pass
"""
# A module of another's name: leaves a mark, steps aside, and lets the real one be imported.
SHADOW = """
import os, sys
open(os.path.join({marks!r}, "shadow-{name}"), "w").close()
here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:] = [place for place in sys.path if os.path.abspath(place) != here]
del sys.modules["{name}"]
import {name}
"""
# What Otter's own autograder asks of the wrong answer.
OTTERS_OWN_TEST = """
from otter.test_files import test_case
OK_FORMAT = False
name = "q1.half"
points = 50

@test_case()
def test_half(half):
    assert half(4.0) == 2.0
"""


class Touch:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


@pytest.fixture(scope="module")
def course(tmp_path_factory) -> Course:
    return whole_course(tmp_path_factory.mktemp("course") / "course")


@pytest.fixture(scope="module")
def autograder(course, tmp_path_factory):
    """The zip for the small course's assignment; what is built is not changed by any test."""
    out = tmp_path_factory.mktemp("out")
    new_secret(out / "secret")
    return build_otter(course, "q1", out, secret=out / "secret")


def hostile(marks: Path) -> dict[str, str | bytes]:
    """A submission that attacks Otter, not us: whatever it gets run in leaves a mark in a folder."""
    marks.mkdir()
    marks.chmod(0o777)
    files: dict[str, str | bytes] = {"halves.py": HALVES.format(marks=str(marks))}
    files[".OTTER_LOG"] = pickle.dumps(Touch(marks / "unpickled"))
    for name in ("otter", "ipykernel", "IPython", "grader", "nbconvert", "dill"):
        files[f"{name}/__init__.py"] = SHADOW.format(name=name, marks=str(marks))
    mark = "open({!r}, 'w').close()\n"
    for name in ("conftest.py", "sitecustomize.py", "usercustomize.py", "ipykernel_launcher.py"):
        files[name] = mark.format(str(marks / name))
    files["evil.pth"] = "import os; " + mark.format(str(marks / "pth"))
    files["pytest.ini"] = "[pytest]\npython_files = halves.py\naddopts = -p conftest\n"
    files["setup.cfg"] = "[tool:pytest]\naddopts = -p conftest\n"
    files["tests/not_judged.py"] = "OK_FORMAT = True\ntest = dict(name='q', points=1, suites=[])\n"
    files["otter_config.json"] = '{"plugins": []}'
    return files


def marks_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


# ---- what is built ----


def test_the_zip_is_otters_with_our_course_beside_its_files(autograder):
    with zipfile.ZipFile(autograder.archive) as archive:
        modes = {entry.filename: stat.S_IMODE(entry.external_attr >> 16) for entry in archive.infolist()}
        config = json.loads(archive.read("otter_config.json"))
        environment = archive.read("environment.yml").decode()
    assert {name for name in modes if name.startswith("files/")} == {f"files/{ENTRY}"}
    assert {name for name, mode in modes.items() if mode & 0o111} == {"setup.sh", "run_autograder"}
    assert "otter-grader" in environment
    (plugin,) = config["plugins"]
    assert plugin[PLUGIN]["assignment"] == "q1"
    assert plugin[PLUGIN]["max_score"] == 100


def test_the_parcel_holds_the_course_and_its_secret(autograder):
    with zipfile.ZipFile(autograder.folder / COURSE) as parcel:
        names = set(parcel.namelist())
        secret = parcel.read("secret")
    assert secret == (autograder.archive.parent / "secret").read_bytes()
    assert "course/assignments/q1/test_hidden.py" in names
    assert "course/reference/q1/halves.py" in names
    assert "course/grader/otter/bridge.py" in names
    assert not any("__pycache__" in name for name in names)


def test_otters_image_gets_all_that_our_scripts_need(autograder):
    """``otter grade`` copies what its Dockerfile names: some files before setup.sh runs, others after."""
    package = importlib.util.find_spec("otter").submodule_search_locations[0]
    before, after = Path(package, "grade", "Dockerfile").read_text().split("bash /autograder/source/setup.sh")
    added = [re.findall(r"^ADD (.*) \S+$", text, re.MULTILINE) for text in (before, after)]
    early, late = ([pattern for line in lines for pattern in line.split()] for lines in added)

    def there(name, patterns):
        return any(Path(name).match(pattern) for pattern in patterns)

    assert there("setup.sh", early)
    assert there("run_autograder", early)
    assert there(COURSE, early)
    assert all(there(name, late) for name in ("otter_config.json", "run_otter.py", "tests"))


@pytest.mark.parametrize("script", ["setup.sh", "run_autograder"])
def test_both_scripts_are_valid_bash(autograder, script):
    assert subprocess.run(["bash", "-n", str(autograder.folder / script)], timeout=20).returncode == 0


def test_setup_unpacks_the_course_before_it_is_needed_and_installs_the_extra(autograder):
    text = (autograder.folder / "setup.sh").read_text()
    unpacked_at = text.index(f'-m zipfile -e "$source/{COURSE}" "$source"')
    uses = [match.start() for match in re.finditer(r'-c "\$constraints"', text)]
    assert unpacked_at < min(uses)
    assert '"$source/course[otter]"' in text


def test_the_grading_ends_before_otter_is_ended_and_otter_before_the_platform(autograder):
    (plugin,) = json.loads((autograder.folder / "otter_config.json").read_text())["plugins"]
    limit = re.search(
        r"timeout --signal=INT --kill-after=10 (\d+) ", (autograder.folder / "run_autograder").read_text()
    )
    assert plugin[PLUGIN]["seconds"] + 30 < int(limit[1]) < 600


@pytest.mark.timeout(120)
def test_the_same_course_gives_the_same_bytes(course, autograder, tmp_path):
    again = build_otter(course, "q1", tmp_path, secret=autograder.archive.parent / "secret")
    assert again.archive.read_bytes() == autograder.archive.read_bytes()


def test_without_otter_a_sentence_says_how_to_get_it(course, tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(GraderFault, match=r"pip install -e '.\[otter\]'"):
        build_otter(course, "q1", tmp_path)


def test_another_version_of_otter_is_refused(course, tmp_path, monkeypatch):
    """It may open what was handed in before it calls a plugin."""
    monkeypatch.setattr("grader.release.otter.metadata.version", lambda name: "7.1.0")
    with pytest.raises(GraderFault, match=r"version 7\.0\.0 alone, and this is 7\.1\.0"):
        build_otter(course, "q1", tmp_path)


def test_an_unknown_part_is_refused(course, tmp_path):
    with pytest.raises(GraderFault, match="no part 'captioning'"):
        build_otter(course, "q1", tmp_path, part="captioning")


# ---- graded by Otter ----


@pytest.mark.slow
@REAL_RUN
def test_attacks_work_on_otter_alone(tmp_path):
    """Or the tests below would show nothing: the wrong answer gets full marks, and all of it was run."""
    folder = tmp_path / "plain"
    (folder / "tests").mkdir(parents=True)
    (folder / "tests" / "q1.half.py").write_text(OTTERS_OWN_TEST)
    (folder / "otter_config.json").write_text("{}")
    command = [sys.executable, "-m", "otter", "generate", "-o", str(tmp_path / "plain.zip")]
    subprocess.run(command, cwd=folder, check=True, timeout=120, capture_output=True)
    files = hostile(tmp_path / "marks")
    kept = ("halves.py", ".OTTER_LOG", "otter/__init__.py")
    submission = packed(tmp_path / "hostile.zip", {name: files[name] for name in kept})
    answer = otter_run(submission, tmp_path / "plain.zip", tmp_path / "out")
    assert answer.results.total == 50, answer.said
    assert marks_in(tmp_path / "marks") >= {"module", "unpickled", "shadow-otter", "patched", "rewritten"}


@REAL_RUN
def test_otter_run_gives_the_points_that_are_due_and_runs_nothing_that_was_handed_in(autograder, tmp_path):
    files = hostile(tmp_path / "marks")
    answer = otter_run(packed(tmp_path / "hostile.zip", files), autograder.archive, tmp_path / "out")
    assert answer.points == {"q1.half": 0.0, "q1.mean": 50.0}, answer.said
    assert {name: answer.results.get_score(name) for name in answer.results.test_files} == answer.points
    assert type(answer.results).__name__ == "GradingResults"
    assert not answer.results.has_catastrophic_failure()
    assert marks_in(tmp_path / "marks") == set()
    assert answer.status == 0
    assert "Total Score: 50.000 / 100.000" in answer.said
    assert "Seed: course secret" in answer.said
    half, mean = answer.document["tests"]
    assert (half["name"], half["visibility"]) == ("q1.half: Half of a number", "visible")
    assert (half["status"], mean["status"]) == ("failed", "passed")
    assert "half of 4" in half["output"]
    assert half["output"].endswith("Review: Division. Reread the handout.")
    assert "q1.half" in half["tags"]


@REAL_RUN
def test_run_autograder_gives_the_same_points_wherever_links_and_folders_lie(autograder, tmp_path):
    """What `otter run` cannot be handed, because it unpacks a zip, and the platforms can."""
    root = unpacked(autograder.archive, tmp_path / "autograder")
    submission = root / "submission"
    files = hostile(tmp_path / "marks")
    del files["tests/not_judged.py"]
    for name, content in files.items():
        (submission / name).parent.mkdir(exist_ok=True)
        (submission / name).write_bytes(content.encode() if isinstance(content, str) else content)
    (submission / "tests").symlink_to(root / "source" / "tests")
    (submission / "__init__.py").symlink_to(root / "source" / "course" / "reference" / "q1" / "halves.py")
    (submission / ENTRY).mkdir()
    (submission / "other.ipynb").write_text("[" * 100_000)  # two notebooks, as Otter sees it
    reference = (root / "source" / "course" / "reference" / "q1" / "halves.py").read_bytes()
    before = sorted(path.name for path in submission.iterdir())
    answer = run_autograder(root)
    assert answer.points == {"q1.half": 0.0, "q1.mean": 50.0}, answer.said
    assert answer.document["score"] == 50
    assert answer.results.total == 50
    assert marks_in(tmp_path / "marks") == set()
    assert sorted(path.name for path in submission.iterdir()) == before
    assert (root / "source" / "course" / "reference" / "q1" / "halves.py").read_bytes() == reference
    assert stat.S_IMODE((root / "results").stat().st_mode) == 0o700


@REAL_RUN
def test_a_grader_that_cannot_run_says_that_it_is_not_the_students_fault(autograder, tmp_path):
    """Otter's summary must not read as a zero that was earned."""
    broken = tmp_path / "broken.zip"
    with zipfile.ZipFile(autograder.archive) as good, zipfile.ZipFile(broken, "w") as bad:
        for entry in good.infolist():
            bad.writestr(entry, b"no zip" if entry.filename == COURSE else good.read(entry))
    submission = packed(tmp_path / "s.zip", {"halves.py": "def half(number):\n    return number / 2\n"})
    answer = otter_run(submission, broken, tmp_path / "out")
    assert answer.document["score"] == 0
    assert "our fault" in answer.document["output"]
    assert answer.document["tests"][0]["max_score"] == 100
    assert "This grade must not be used: BadZipFile" in answer.said
    assert answer.results.has_catastrophic_failure()
    assert "BadZipFile" in str(answer.results.catastrophic_error)


def test_run_autograder_has_an_answer_where_python_is_missing(autograder, tmp_path):
    root = unpacked(autograder.archive, tmp_path / "autograder")
    answer = run_autograder(root, python="/nonexistent/python")
    assert answer.document["score"] == 0
    assert "our fault" in answer.document["output"]


# ---- Otter's results ----


def planned(question, name, points, visibility="visible", **more):
    return PlannedTest(
        question=question,
        test=f"test_x.py::{name}",
        title=f"{name}.",
        points=points,
        visibility=visibility,
        **more,
    )


def result_of(course, cases: list[tuple[PlannedTest, Outcome, float]]) -> Result:
    judged = [
        CaseResult(plan.question, plan.test, plan.test, outcome, share=share, summary="wrong")
        for plan, outcome, share in cases
    ]
    table = [plan for plan, _, _ in cases]
    return build(course.assignment("q1"), Context(), score(table, judged), state="finished")


def filled(course, cases, fault=""):
    from otter.test_files import GradingResults

    from grader.otter.grades import fill

    results = GradingResults.without_results(RuntimeError("Otter's own"))
    fill(results, result_of(course, cases), fault, {"output": "hello", "tests": []})
    return results


def test_otters_results_are_pickled_as_otters_own(course):
    """``otter grade`` reads them where this package need not be installed."""
    results = filled(course, [(planned("q1.half", "part", 10), Outcome.PASSED, 1.0)])
    assert results.to_gradescope_dict(None) == {"output": "hello", "tests": []}
    text = pickle.dumps(results)
    again = pickle.loads(text)
    assert type(again).__module__ == "otter.test_files"
    assert type(again).__name__ == "GradingResults"
    assert again.output == "hello"
    assert not again.has_catastrophic_failure()
    names = re.findall(rb"grader[\w.]*", text)
    assert set(names) <= {PLUGIN.encode()}


def test_otters_results_hold_partial_points(course):
    cases = [
        (planned("q1.half", "part", 10), Outcome.FAILED, 0.5),
        (planned("q1.half", "gpu", 7, device="cuda"), Outcome.NOT_RUN, 0.0),
        (planned("q1.mean", "all", 40, "hidden"), Outcome.PASSED, 1.0),
    ]
    results = filled(course, cases)
    assert (results.total, results.possible) == (45, 50)
    assert results.get_score("q1.half") == 5
    assert results.get_result("q1.mean").passed_all
    assert not results.get_result("q1.half").passed_all


def test_otters_summary_names_no_hidden_test(course):
    cases = [
        (planned("q1.half", "shown", 10), Outcome.FAILED, 0.0),
        (planned("q1.half", "secret", 10, "hidden"), Outcome.FAILED, 0.0),
        (planned("q1.half", "dated", 10, "after_published"), Outcome.PASSED, 1.0),
    ]
    results = filled(course, cases)
    summary = results.summary()
    assert "shown." in summary
    assert "hidden tests result" in summary
    assert "secret" not in summary
    assert "dated" not in summary
    assert "hidden" not in results.summary(public_only=True)


def test_a_grade_that_must_not_be_used_is_no_zero_in_otters_table(course):
    results = filled(course, [(planned("q1.half", "x", 10), Outcome.PASSED, 1.0)], fault="no worker came")
    assert results.total == 0
    assert str(results.catastrophic_error) == "no worker came"


# ---- the bridge ----


def bridge() -> Any:
    from grader.otter.bridge import Bridge

    return Bridge("/somewhere/s.ipynb", {}, {"assignment": "q1", "max_score": 100.0, "seconds": 60.0})


def test_the_bridge_works_with_the_version_that_it_knows(monkeypatch):
    monkeypatch.setattr("otter.__version__", "7.1.0")
    with pytest.raises(GraderFault, match=r"this is 7\.1\.0"):
        bridge().before_grading(None)


def test_nothing_is_run_where_otter_was_not_sent():
    with pytest.raises(GraderFault, match="not where it was sent"):
        bridge().before_execution({"cells": [1]})


def test_a_link_that_was_handed_in_is_not_followed(tmp_path):
    from grader.otter.bridge import _handed_in

    (tmp_path / "submission").mkdir()
    link = tmp_path / "submission" / "s.zip"
    link.symlink_to(packed(tmp_path / COURSE, {"halves.py": ""}))
    assert _handed_in(tmp_path / "submission") == tmp_path / "submission"
    link.unlink()
    packed(link, {"halves.py": ""})
    assert _handed_in(tmp_path / "submission") == link


def test_nobody_listens_for_pickles_while_the_kernel_runs(tmp_path, monkeypatch):
    from otter import execute

    monkeypatch.setattr("otter.execute.start_server", execute.start_server)  # put back afterwards
    monkeypatch.chdir(tmp_path)
    plugin = bridge()
    plugin.stage = tmp_path
    assert plugin.before_execution({"cells": [1]}) == {"cells": []}
    threads = threading.active_count()
    address, stop = execute.start_server()
    assert threading.active_count() == threads
    with pytest.raises(ConnectionRefusedError), socket.create_connection(address, timeout=5):
        pass
    stop()


def test_no_pdf_is_made_and_no_log_is_graded(tmp_path, monkeypatch):
    """Whatever the settings say: `otter grade --pdfs` changes them."""
    (tmp_path / "source" / "tests").mkdir(parents=True)
    (tmp_path / "submission").mkdir()
    monkeypatch.chdir(tmp_path / "submission")
    monkeypatch.setattr("sys.path", ["", ".", *sys.path])
    settings = SimpleNamespace(pdf=True, token="t", grade_from_log=True)
    plugin = bridge()
    plugin.before_grading(settings)  # there is no course: a fault of ours
    assert (settings.pdf, settings.token, settings.grade_from_log) == (False, None, False)
    assert Path.cwd() == plugin.stage
    assert sorted(path.name for path in plugin.stage.iterdir()) == ["s.ipynb", "tests"]
    assert not {"", "."} & set(sys.path)
    assert plugin.graded.ours
    assert "our fault" in plugin.document["output"]
    assert "This grade must not be used: FileNotFoundError" in plugin.generate_report()


# ---- a run apart ----


def apart(tmp_path, monkeypatch, script: str):
    """What is made of a grader that does what ``script`` says, with its results files in R and G."""
    run = Apart(tmp_path, "q1", tmp_path / "submission", tmp_path, 60.0)
    where = f"R, G = {str(run.results)!r}, {str(run.document)!r}\n"
    monkeypatch.setattr(Apart, "command", lambda self: [sys.executable, "-I", "-c", where + script])
    return run.run()


def test_a_grader_that_leaves_nothing_is_at_fault(tmp_path, monkeypatch):
    graded = apart(tmp_path, monkeypatch, "print('boom'); raise SystemExit(7)")
    assert graded.result is None
    assert graded.ours
    assert "status 7" in graded.fault
    assert "boom" in graded.log


def test_a_grader_that_goes_on_for_too_long_is_told_to_end_and_then_ended(tmp_path, monkeypatch):
    monkeypatch.setattr("grader.otter.apart.KILL_AFTER", 1.0)
    # Not a shell's trap: where Ctrl-C was ignored from the start (a background job), a shell cannot set one.
    script = (
        "import signal, time\n"
        "signal.signal(signal.SIGINT, lambda *_: print('told', flush=True))\n"
        "while True:\n    time.sleep(0.05)\n"
    )
    monkeypatch.setattr(Apart, "command", lambda self: [sys.executable, "-c", script])
    graded = Apart(tmp_path, "q1", tmp_path / "submission", tmp_path, 3.0).run()
    assert graded.result is None
    assert graded.ours
    assert f"status {-9}" in graded.fault
    assert "told" in graded.log


def test_an_upload_that_is_not_graded_keeps_the_earlier_answer(tmp_path, monkeypatch):
    graded = apart(tmp_path, monkeypatch, "open(G, 'w').write('{\"score\": 44, \"tests\": []}')")
    assert graded.document == {"score": 44, "tests": []}
    assert not graded.ours


def test_nothing_of_the_callers_environment_is_passed_on(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    monkeypatch.setenv("GRADER_SECRET_FILE", "/somewhere/else")
    graded = apart(tmp_path, monkeypatch, "import os; print(sorted(os.environ), os.getcwd())")
    names = {"PATH", "LANG", "HOME"}
    assert f"{sorted(names)} /\n" in graded.log.replace("'LC_CTYPE', ", "") + "\n"


def test_a_run_apart_is_isolated_from_the_working_directory(tmp_path):
    run = Apart(tmp_path, "q1", tmp_path / "submission", tmp_path, 60.0, part="first")
    command = run.command()
    assert command[:5] == [sys.executable, "-I", "-B", "-m", "pytest"]
    assert "--part=first" in command
    assert f"--submission={tmp_path / 'submission'}" in command

"""The Gradescope zip: its scripts run, and results.json is valid JSON whatever happens."""

from __future__ import annotations

import base64
import json
import os
import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from grader.config import Course
from grader.faults import GraderFault
from grader.release.gradescope import build_gradescope
from grader.seeds import new_secret

REAL_RUN = pytest.mark.timeout(180)  # a pytest run with workers in a process of its own


@pytest.fixture(autouse=True)
def _no_secret(monkeypatch):
    monkeypatch.delenv("GRADER_SECRET_FILE", raising=False)


@pytest.fixture
def autograder(small_course, tmp_path):
    """The platform's layout with the zip unpacked in source/; gives the root."""
    new_secret(tmp_path / "secret")
    built = build_gradescope(small_course, "q1", tmp_path / "out", secret=tmp_path / "secret")
    root = tmp_path / "autograder"
    (root / "submission").mkdir(parents=True)
    with zipfile.ZipFile(built.archive) as archive:
        archive.extractall(root / "source")
    shutil.copy(root / "source" / "run_autograder", root)
    return root


def run_autograder(root: Path, python: str = sys.executable) -> tuple[dict, str]:
    """What the platform would read, and what it would show to instructors."""
    # The interpreter of these tests carries the package in place of /opt/grader's; -I must not hide it.
    environment = {"PATH": os.environ["PATH"], "AUTOGRADER_ROOT": str(root), "GRADER_PYTHON": python}
    done = subprocess.run(
        ["bash", str(root / "run_autograder")],
        cwd=root,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=150,
    )
    assert done.returncode == 0, done.stdout

    def refuse(constant):
        raise ValueError(constant)

    return json.loads((root / "results" / "results.json").read_text(), parse_constant=refuse), done.stdout


def hand_in(root: Path, source: Path) -> None:
    for path in source.glob("*.py"):
        shutil.copy(path, root / "submission")


def score_of(answer: dict) -> float:
    return answer["score"] if "score" in answer else sum(test["score"] for test in answer["tests"])


@pytest.mark.parametrize("script", ["setup.sh", "run_autograder"])
def test_both_scripts_are_valid_bash_at_the_zips_root(autograder, script):
    path = autograder / "source" / script
    assert subprocess.run(["bash", "-n", str(path)], timeout=20).returncode == 0
    assert path.read_text().startswith("#!/usr/bin/env bash\n")


def test_the_zip_says_which_files_are_programs(small_course, tmp_path):
    built = build_gradescope(small_course, "q1", tmp_path)
    with zipfile.ZipFile(built.archive) as archive:
        modes = {entry.filename: stat.S_IMODE(entry.external_attr >> 16) for entry in archive.infolist()}
    assert {name for name, mode in modes.items() if mode & 0o111} == {"setup.sh", "run_autograder"}
    assert os.access(built.folder / "setup.sh", os.X_OK)
    assert "course/assignments/q1/test_hidden.py" in modes
    assert "course/reference/q1/mistakes/harmless.py" in modes
    assert not any("__pycache__" in name for name in modes)


def test_the_same_course_gives_the_same_bytes(small_course, tmp_path):
    archives = [build_gradescope(small_course, "q1", tmp_path / name).archive for name in ("a", "b")]
    assert archives[0].read_bytes() == archives[1].read_bytes()


def test_setup_takes_torch_from_the_index_that_the_builder_names(small_course, tmp_path):
    def setup(name, **options):
        built = build_gradescope(small_course, "q1", tmp_path / name, **options)
        return (built.folder / "setup.sh").read_text()

    assert '--index-url https://download.pytorch.org/whl/cpu "$torch"' in setup("a")
    assert "--index-url 'https://mirror.example/a b' " in setup("b", torch_index="https://mirror.example/a b")
    assert "--index-url" not in setup("c", torch_index="")


def test_setup_closes_the_source(autograder):
    text = (autograder / "source" / "setup.sh").read_text()
    assert 'chmod -R go-rwx "$source"\n' in text


def test_the_time_limit_stays_under_the_platforms(small_course, tmp_path):
    text = (build_gradescope(small_course, "q1", tmp_path, minutes=20).folder / "run_autograder").read_text()
    assert "timeout --signal=INT --kill-after=10 1170 " in text


@REAL_RUN
def test_the_reference_gets_everything(autograder, small_course):
    hand_in(autograder, small_course.root / "reference" / "q1")
    answer, log = run_autograder(autograder)
    assert score_of(answer) == 100, log
    assert "Seed: course secret" in log
    assert stat.S_IMODE((autograder / "results").stat().st_mode) == 0o700
    assert stat.S_IMODE((autograder / "source").stat().st_mode) == 0o700
    assert not (autograder / "source" / "course" / ".pytest_cache").exists()


@REAL_RUN
def test_a_broken_submission_gets_an_answer(autograder):
    (autograder / "submission" / "halves.py").write_text("def half(number:\n")
    answer, log = run_autograder(autograder)
    assert score_of(answer) == 0
    assert answer["tests"], log


@REAL_RUN
def test_an_empty_submission_gets_an_answer(autograder):
    answer, _ = run_autograder(autograder)
    assert score_of(answer) == 0


def test_a_grader_that_cannot_start_says_that_it_is_not_the_students_fault(autograder):
    answer, _ = run_autograder(autograder, python="/nonexistent/python")
    assert answer["score"] == 0
    assert "our fault" in answer["output"]
    assert answer["tests"][0]["max_score"] == 100


@pytest.mark.parametrize("text", ['{"score": NaN}', '{"score": 1', ""])
def test_invalid_json_is_replaced_by_the_fallback(autograder, tmp_path, text):
    """A stand-in for the grader writes nonsense; checking it is left to the real interpreter."""
    stand_in = tmp_path / "python"
    stand_in.write_text(
        f"""#!/usr/bin/env bash
case " $* " in
  *" pytest "*) printf '%s' '{text}' >'{autograder}/results/results.json' ;;
  *) exec '{sys.executable}' "$@" ;;
esac
"""
    )
    stand_in.chmod(0o755)
    answer, _ = run_autograder(autograder, python=str(stand_in))
    assert "our fault" in answer["output"]


def test_the_course_secret_goes_along_where_there_is_one(autograder, small_course, tmp_path):
    assert (autograder / "source" / "secret").read_text() == (tmp_path / "secret").read_text()
    built = build_gradescope(small_course, "q1", tmp_path / "without")
    assert not (built.folder / "secret").exists()


def test_a_secret_that_cannot_be_read_stops_the_build(small_course, tmp_path, monkeypatch):
    monkeypatch.setenv("GRADER_SECRET_FILE", str(tmp_path / "absent"))
    with pytest.raises(GraderFault, match="course secret"):
        build_gradescope(small_course, "q1", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("missing", ["pyproject.toml", "constraints.txt", "assignments/q1/points.toml"])
def test_a_missing_file_is_named(small_course, tmp_path, missing):
    (small_course.root / missing).unlink()
    with pytest.raises(GraderFault, match=Path(missing).name):
        build_gradescope(small_course, "q1", tmp_path / "out")


def test_without_a_reference_there_is_nothing_to_build(small_course, tmp_path):
    shutil.rmtree(small_course.root / "reference")
    with pytest.raises(GraderFault, match="no reference for q1"):
        build_gradescope(small_course, "q1", tmp_path / "out")


@pytest.mark.parametrize("minutes", [0, 1, 41, float("nan")])
def test_an_impossible_time_limit_is_refused(small_course, tmp_path, minutes):
    with pytest.raises(GraderFault, match="the platform allows 40"):
        build_gradescope(small_course, "q1", tmp_path / "out", minutes=minutes)


HERE = Course.find(Path(__file__))


@pytest.mark.parametrize(("part", "points"), [("captioning", 63), ("pipeline", 37), ("", 100)])
def test_each_part_is_an_upload_of_its_own(tmp_path, part, points):
    built = build_gradescope(HERE, "p4", tmp_path, part=part)
    name = f"gradescope-p4-{part}" if part else "gradescope-p4"
    assert (built.folder, built.archive) == (tmp_path / name, tmp_path / f"{name}.zip")
    script = (built.folder / "run_autograder").read_text()
    assert (f"--part={part}" in script) is bool(part)
    assert f'"max_score": {points}.0' in script


def test_a_part_that_is_none_is_refused(small_course, tmp_path):
    with pytest.raises(GraderFault, match="q1 has no part 'second'"):
        build_gradescope(small_course, "q1", tmp_path / "out", part="second")
    assert not (tmp_path / "out").exists()


@REAL_RUN
def test_a_part_is_graded_alone(small_course, tmp_path, two_parts):
    built = build_gradescope(small_course, "q1", tmp_path / "out", part="second")
    root = tmp_path / "autograder"
    shutil.copytree(built.folder, root / "source")
    (root / "submission").mkdir()
    shutil.copy(root / "source/run_autograder", root)
    hand_in(root, small_course.root / "reference/q1")
    answer, said = run_autograder(root)
    assert {test["tags"][0] for test in answer["tests"]} == {"q1.third"}, said
    assert answer["score"] == sum(test["max_score"] for test in answer["tests"]) == 10


@pytest.fixture
def two_parts(small_course):
    """A second part of q1: another file, one question, one public test."""
    folder = small_course.root / "assignments/q1"
    text = (folder / "assignment.toml").read_text().replace('["halves.py"]', '["halves.py", "thirds.py"]')
    text += '\n[questions."q1.third"]\ntitle = "Third"\nfile = "thirds.py"\nminutes = 5\nreview = "Reread."\n'
    text += '\n[parts.first]\ntitle = "First"\nfiles = ["halves.py"]\n'
    text += '\n[parts.second]\ntitle = "Second"\nfiles = ["thirds.py"]\n'
    (folder / "assignment.toml").write_text(text)
    (small_course.root / "reference/q1/thirds.py").write_text(
        "def third(x: float) -> float:\n    return x / 3\n"
    )
    (folder / "test_hidden_thirds.py").write_text(
        "from grader.testing import graded\n\n\n"
        '@graded("q1.third", 10, rung="random")\n'
        "def test_third(student):\n"
        '    """third is a third."""\n'
        "    assert student.thirds.third(3.0) == 1.0\n"
    )
    with (folder / "points.toml").open("a") as table:
        table.write(
            '\n[[tests]]\nquestion = "q1.third"\ntest = "test_hidden_thirds.py::test_third"\n'
            'title = "third is a third."\npoints = 10.0\ncases = 1\nrung = "random"\n'
            'visibility = "hidden"\ndevice = "cpu"\n'
        )


@REAL_RUN
def test_the_platforms_dates_reach_the_grader(small_course, tmp_path, autograder):
    """The rules stand in assignment.toml, the dates in the file that the platform lays beside source/."""
    with (autograder / "source/course/assignments/q1/assignment.toml").open("a") as rules:
        rules.write("\n[uploads]\nlate_percent_per_day = 25\n")
    dates = {
        "created_at": "2026-03-02T12:00:00+00:00",
        "assignment": {"due_date": "2026-03-01T23:00:00+00:00"},
    }
    (autograder / "submission_metadata.json").write_text(json.dumps(dates))
    hand_in(autograder, small_course.root / "reference/q1")
    answer, said = run_autograder(autograder)
    assert answer["score"] == 75, said
    assert "25 % of the points are taken off" in answer["output"]
    # Earlier results and names are in it, and no worker's business.
    assert stat.S_IMODE((autograder / "submission_metadata.json").stat().st_mode) == 0o600


@REAL_RUN
def test_pictures_stand_in_the_answer(small_course, autograder):
    with (autograder / "source/course/assignments/q1/test_public.py").open("a") as tests:
        tests.write(PICTURED)
    (autograder / "source/course/assignments/q1/points.toml").unlink()
    hand_in(autograder, small_course.root / "reference/q1")
    answer, said = run_autograder(autograder)
    (row,) = [row for row in answer["tests"] if row["output_format"] == "html"]
    assert row["tags"] == ["q1.half"], said
    start = "data:image/png;base64,"
    picture = base64.b64decode(row["output"].partition(start)[2].partition('"')[0])
    assert picture.startswith(b"\x89PNG")
    assert sorted(path.name for path in (autograder / "results").iterdir()) == ["results.json"]


PICTURED = '''

@graded("q1.half", points=0, rung="interface")
def test_pictured(student, artifacts):
    """half is drawn."""
    from grader.testing import Curves

    artifacts.add(Curves("halves", "Halves", {"half": [student.halves.half(x) for x in (1.0, 2.0)]}))
'''

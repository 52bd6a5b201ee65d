"""Pictures: what they take, what is drawn, where it goes, and that none of it can cost a point."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace

import matplotlib
import numpy as np
import pytest
import support

from grader import artifacts as artifacts_module
from grader.allowance import Allowance
from grader.artifacts import LIMIT, Artifacts
from grader.band_file import bands_of, curves_of, load_bands, write_bands
from grader.drawing import CAPTIONED, POINTS, _lay, draw, draw_bars
from grader.faults import GraderFault, Mismatch
from grader.gates import Gate, Measured
from grader.pictures import Band, Captioned, Curves, Images, Reliability, band_of

PNG = b"\x89PNG"
CURVES = Curves("loss", "Loss", {"training": [2.3, 1.0, math.nan, 0.2], "validation": [2.3]})
FILMS = Images("films", "Films", {"as given": np.zeros((3, 8, 8)), "none": np.zeros((0, 8, 8))})
SURE = Reliability("sure", "Sure", np.array([0.1, 0.9, 1.0, math.nan]), np.array([True, False, True, True]))
SCENES = Captioned("scenes", "Scenes", np.zeros((2, 4, 4, 3)), [[("red", True), ("$ring", False)], []])

# ---- what a picture is


@pytest.mark.parametrize(
    "make",
    [
        lambda: Curves("loss", "Loss", {"training": [[1.0, 2.0]]}),  # type: ignore[list-item]
        lambda: Images("films", "Films", {"films": np.zeros((3, 8))}),
        lambda: Reliability("sure", "Sure", np.zeros(3), np.zeros(2)),
        lambda: Captioned("scenes", "Scenes", np.zeros((1, 4, 4)), [[]]),
        lambda: Captioned("scenes", "Scenes", np.zeros((1, 4, 4, 1)), [[]]),
        lambda: Reliability("sure", "Sure", np.zeros((3, 1)), np.zeros((3, 1))),
    ],
)
def test_a_picture_of_another_shape_is_refused_where_it_is_made(make) -> None:
    with pytest.raises(ValueError, match=r"is not|are not|of one length"):
        make()


def test_every_image_has_a_caption() -> None:
    with pytest.raises(ValueError, match="'scenes' has 2 images and 1 captions"):
        Captioned("scenes", "Scenes", np.zeros((2, 4, 4, 3)), [[]])


def test_bins_of_a_reliability_diagram() -> None:
    """(k / bins, (k + 1) / bins], a confidence of 0 in the first bin."""
    picture = Reliability("sure", "", np.array([0.0, 0.5, 0.51, 1.0]), np.array([0, 1, 0, 1]), bins=2)
    sure, accuracy, count = picture.binned()
    assert count.tolist() == [2, 2]
    assert sure.tolist() == [0.25, 0.755]
    assert accuracy.tolist() == [0.5, 0.5]


def test_a_band_holds_nine_runs_in_ten_as_far_as_half_of_them_got() -> None:
    runs = [[float(run), 10.0 * run] for run in range(11)] + [[5.0, 50.0, 7.0]]
    band = band_of(runs)
    assert band.low == [1.0, 10.0]
    assert band.middle == [5.0, 50.0]
    assert band.high == [9.0, 90.0]


def test_a_run_that_diverged_is_at_the_top_of_the_band_and_nowhere_else() -> None:
    band = band_of([[1.0]] * 18 + [[math.nan], [math.inf]])
    assert (band.low, band.middle, band.high) == ([1.0], [1.0], [math.inf])


# ---- how it is drawn


@pytest.mark.parametrize("picture", [CURVES, FILMS, SURE, SCENES, Curves("none", "Nothing", {})])
@pytest.mark.parametrize("ending", ["png", "svg"])
def test_drawn_twice_it_is_the_same_file(picture, ending, tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.{ending}" for number in range(2)]
    for path in paths:
        draw(picture, path)
    first, second = (path.read_bytes() for path in paths)
    assert first.startswith(PNG) or b"<svg" in first
    if ending == "png":
        assert first == second


def test_a_band_is_drawn_behind_its_curve(tmp_path: Path) -> None:
    band = Band([1.0, 0.5], [1.5, 0.6], [2.0, math.inf])
    draw(Curves("a", "", {"training": [2.3, 1.0]}, bands={"training": band}), tmp_path / "a.svg")
    draw(Curves("a", "", {"training": [2.3, 1.0]}, bands={"other": band}), tmp_path / "b.svg")
    filled = "FillBetweenPolyCollection"
    assert filled in (tmp_path / "a.svg").read_text()
    assert filled not in (tmp_path / "b.svg").read_text()


def test_a_curve_of_any_length_is_drawn_as_far_as_it_can_be_seen(tmp_path: Path) -> None:
    long = [1.0] * POINTS
    draw(Curves("a", "", {"training": long}), tmp_path / "a.png")
    draw(Curves("a", "", {"training": [*long, 7.0, 7.0]}), tmp_path / "b.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_a_wrong_word_is_marked_by_more_than_its_colour(tmp_path: Path) -> None:
    """Words are laid in lines as wide as the image; the text of an SVG can be read."""
    with matplotlib.rc_context({"svg.fonttype": "none"}):
        draw(SCENES, tmp_path / "scenes.svg")
    text = (tmp_path / "scenes.svg").read_text(encoding="utf-8")
    assert ">red</text>" in text
    assert ">\N{BALLOT X}$ring</text>" in text
    assert _lay([("a" * 20, True), ("b" * 20, False), ("c", True)]) == [
        (0, 0, "a" * 20, True),
        (1, 0, "\N{BALLOT X}" + "b" * 20, False),
        (2, 0, "c", True),
    ]


def test_of_many_captioned_images_as_many_as_fit_are_drawn(tmp_path: Path) -> None:
    many = Captioned("many", "Many", np.zeros((CAPTIONED + 1, 4, 4, 3)), [[("red", True)]] * (CAPTIONED + 1))
    with matplotlib.rc_context({"svg.fonttype": "none"}):
        draw(many, tmp_path / "many.svg")
    assert (tmp_path / "many.svg").read_text(encoding="utf-8").count(">red</text>") == CAPTIONED
    draw(Captioned("none", "None", np.zeros((0, 4, 4, 3)), []), tmp_path / "none.png")
    assert (tmp_path / "none.png").read_bytes().startswith(PNG)


def test_bars(tmp_path: Path) -> None:
    draw_bars("Accuracy", {"A": 0.9, "B": math.nan}, tmp_path / "bars.png")
    assert (tmp_path / "bars.png").read_bytes().startswith(PNG)


# ---- where it goes


def test_without_a_folder_nothing_is_drawn(monkeypatch) -> None:
    monkeypatch.setattr(artifacts_module, "draw", lambda *_: pytest.fail("drawn"))
    artifacts = Artifacts(None, "p3.augment.test_films")
    artifacts.add(FILMS)
    assert artifacts.files == []


def test_names_are_safe_and_do_not_collide(tmp_path: Path) -> None:
    artifacts = Artifacts(tmp_path / "new", "p3.augment.test_films[a/../b]")
    for _ in range(2):
        artifacts.add(FILMS)
    names = [picture.file for picture in artifacts.files]
    assert names == ["p3.augment.test_films_a_.._b_.films.png", "p3.augment.test_films_a_.._b_.films.2.png"]
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == sorted(names)


def test_a_loop_cannot_fill_the_disk(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(artifacts_module, "draw", lambda picture, path: path.write_bytes(b""))
    artifacts = Artifacts(tmp_path, "test")
    for _ in range(3 * LIMIT):
        artifacts.add(FILMS)
    assert len(list(tmp_path.iterdir())) == LIMIT


def test_a_picture_that_cannot_be_drawn_costs_nothing(tmp_path: Path, monkeypatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a fault of matplotlib")

    monkeypatch.setattr(artifacts_module, "draw", fail)
    artifacts = Artifacts(tmp_path, "test")
    artifacts.add(FILMS)
    (picture,) = artifacts.files
    assert not picture.drawn
    assert picture.title == "Films (not drawn: RuntimeError)"


# ---- curves of a gate


def gate(show, bands=None):
    record = SimpleNamespace(direction="higher", threshold=0.5, sd_run=0.01, mean=0.6, sd=0.01)
    measured = Measured(0.6, pictures=[CURVES, SURE])
    return Gate("p3.recipe", record, lambda *_: measured, None, 1, show, bands or {})  # type: ignore[arg-type]


def test_a_gate_shows_each_run_beside_the_reference() -> None:
    shown: list = []
    bands = bands_of([curves_of([CURVES, SURE])])
    subject = SimpleNamespace(evidence=[], notes=[], allowance=Allowance())
    gate(shown.append, bands).judge(subject)
    assert [picture.name for picture in shown] == ["loss", "sure"]
    assert shown[0].bands["training"].middle == [2.3, 1.0, math.inf, 0.2]
    assert subject.notes == ["a right solution reaches 0.60 ± 0.01, yours 0.60, pass 0.50"]


def test_a_gate_that_nobody_watches_draws_nothing() -> None:
    gate(None).judge(SimpleNamespace(evidence=[], notes=[], allowance=Allowance()))


def test_a_failing_gate_shows_its_run_too() -> None:
    shown: list = []
    failing = gate(shown.append)
    object.__setattr__(failing, "measure", lambda *_: Measured(0.1, pictures=[CURVES]))
    with pytest.raises(Mismatch):
        failing.judge(SimpleNamespace(evidence=[], notes=[], allowance=Allowance()))
    assert len(shown) == 1


def test_bands_survive_their_file(tmp_path: Path) -> None:
    bands = {
        "p3.recipe": bands_of([{"loss": {"training": [1.23456, math.nan]}}, {"loss": {"training": [2.0]}}])
    }
    write_bands(tmp_path, bands)
    stored = load_bands(tmp_path)["p3.recipe"]["loss"]["training"].band()
    assert stored.low == [1.235]
    before = (tmp_path / "bands.json").read_bytes()
    write_bands(tmp_path, load_bands(tmp_path))
    assert (tmp_path / "bands.json").read_bytes() == before
    write_bands(tmp_path, {"p3.recipe": {}})
    assert load_bands(tmp_path) == {}


def test_a_line_that_a_run_lacks_has_no_band() -> None:
    runs = [{"loss": {"training": [1.0], "validation": [1.0]}}, {"loss": {"training": [2.0]}}]
    assert list(bands_of(runs)["loss"]) == ["training"]
    assert bands_of([]) == {}


def test_a_spoilt_file_of_bands_is_the_graders_fault(tmp_path: Path) -> None:
    (tmp_path / "bands.json").write_text('{"p3.recipe": 3}')
    with pytest.raises(GraderFault, match=r"bands\.json"):
        load_bands(tmp_path)


# ---- through the real path

PICTURED = '''"""A test that shows something."""

import numpy as np

from grader.testing import Images, check, graded


@graded("q1.half", points=16, rung="random")
def test_half(student, artifacts):
    """half, shown."""
    artifacts.add(Images("<b>halves</b>", "<script>halves</script>", {"row": np.ones((2, 4, 4))}))
    check(student.half.half(4.0) == 2.0, "half of 4")
'''


@pytest.fixture
def course(tmp_path: Path) -> Path:
    folder = support.copy_course(tmp_path / "c")
    assignment = folder / "assignments" / "q1"
    for path in (*assignment.glob("test_*.py"), assignment / "points.toml"):
        path.unlink()
    (assignment / "test_hidden.py").write_text(PICTURED)
    return folder


@pytest.mark.timeout(120)
@pytest.mark.parametrize("options", [(), ("-n", "1")])
def test_pictures_of_a_run_are_linked_from_its_result(course: Path, tmp_path: Path, options) -> None:
    if options:  # xdist wants the table
        (course / "assignments/q1/points.toml").write_text(TABLE)
    right = support.submit(tmp_path / "right")
    done = support.grade(course, right, "--artifacts", tmp_path / "art", *options, folder=tmp_path / "run")
    result = done.results
    folder = tmp_path / "art" / "q1"
    assert result["artifacts"] == str(folder)
    (picture,) = next(q for q in result["questions"] if q["id"] == "q1.half")["tests"][0]["pictures"]
    assert (folder / picture["file"]).read_bytes().startswith(PNG)
    page = (folder / "index.html").read_text()
    assert f'src="{picture["file"]}"' in page
    assert "<script>" not in page
    assert "&lt;script&gt;halves" in page
    assert f"Pictures: {folder / 'index.html'}" in done.out.replace("\n", "")


TABLE = """[[tests]]
question = "q1.half"
test = "test_hidden.py::test_half"
title = "half, shown."
points = 16.0
cases = 1
rung = "random"
visibility = "hidden"
device = "cpu"
"""


@pytest.mark.timeout(120)
def test_without_the_option_nothing_is_left(course: Path, tmp_path: Path) -> None:
    done = support.grade(course, support.submit(tmp_path / "right"), folder=tmp_path / "run")
    assert done.results["artifacts"] == ""
    assert not [path for path in tmp_path.rglob("*") if path.suffix in (".png", ".html")]
    assert "Pictures:" not in done.out


@pytest.mark.timeout(120)
def test_a_folder_that_cannot_be_made_stops_the_run_before_it_starts(course: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    right = support.submit(tmp_path / "right")
    done = support.grade(course, right, "--artifacts", tmp_path / "file" / "art", folder=tmp_path / "run")
    assert done.status == support.USAGE
    assert "--artifacts" in done.said


@pytest.mark.timeout(120)
def test_a_page_that_cannot_be_written_is_named(course: Path, tmp_path: Path) -> None:
    (tmp_path / "art" / "q1" / "index.html").mkdir(parents=True)
    right = support.submit(tmp_path / "right")
    done = support.grade(course, right, "--artifacts", tmp_path / "art", folder=tmp_path / "run")
    assert "index.html is not up to date" in " ".join(done.out.split())
    assert done.points["q1.half"] == 16

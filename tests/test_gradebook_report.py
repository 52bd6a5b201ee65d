"""The class report and the students' pages, read as text: what is in them, and what must not be."""

from __future__ import annotations

import base64
import os
import re
import stat
import sys
from collections import Counter
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from reported import asked, book_of, grading, judged, make_class, mistake, result, version

from grader import cli
from grader.faults import GraderFault, Outcome
from grader.gradebook import feedback, plots, report, similarity, student_pages
from grader.gradebook.model import Entry, Override, Student, Submission
from grader.gradebook.names import Names
from grader.gradebook.similarity import Pair
from grader.gradebook.store import Gradebook
from grader.results.model import PictureResult, SubmissionResult
from grader.results.pages import render as render_page

PNG = feedback.PNG + b"drawn"
HOSTILE = "<script>alert(1)</script>\"'><img src=http://evil.example/x onerror=alert(1)>{{ 31337 * 31337 }}"
VOID = {"meta", "link", "img", "br"}
SUMMARY = {"p1": "summary"}


DRAWN = {name: getattr(plots, name) for name in ("histogram", "outcomes")}


@pytest.fixture(autouse=True)
def undrawn(monkeypatch):
    """Pages with plots of nothing: half a second each, for those tests that look at them only."""
    for name in DRAWN:
        monkeypatch.setattr(plots, name, lambda *_: b"<svg xmlns='http://www.w3.org/2000/svg'/>")


@pytest.fixture
def drawn(undrawn, monkeypatch):
    for name, draw in DRAWN.items():
        monkeypatch.setattr(plots, name, draw)


class Html(HTMLParser):
    """A page's elements in order, each with its attributes and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.headings: list[tuple[int, str]] = []
        self.declared = text.startswith("<!doctype html>\n")
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if re.fullmatch("h[1-6]", tag):
            self.headings.append((int(tag[1]), ""))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" in self.open:
            return
        self.text.append(data)
        if self.headings and any(re.fullmatch("h[1-6]", tag) for tag in self.open):
            level, said = self.headings[-1]
            self.headings[-1] = (level, said + data)

    def words(self) -> str:
        return " ".join(" ".join(self.text).split())

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def values(self, attribute: str) -> list[str]:
        return [attributes[attribute] for _, attributes in self.elements if attribute in attributes]


def check(text: str) -> Html:
    """What holds for every page: well formed, accessible as far as text tells, and alone in the world."""
    page = Html(text)
    assert page.declared
    assert page.open == []
    assert page.all("html") == [{"lang": "en"}]
    (policy,) = (each["content"] for each in page.all("meta") if each.get("http-equiv"))
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'unsafe-inline'")
    for tag in ("script", "iframe", "object", "form", "base"):
        assert page.all(tag) == []
    assert not [name for _, given in page.elements for name in given if name.startswith("on")]
    ids = page.values("id")
    assert [name for name, times in Counter(ids).items() if times > 1] == []
    for address in page.values("href"):
        assert address == "data:," or address.removeprefix("#") in ids
    assert all(address.startswith("data:image/") for address in page.values("src"))
    assert "url(" not in text
    assert "@import" not in text
    levels = [level for level, _ in page.headings]
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert all(said.strip() for _, said in page.headings)
    assert all(each.get("alt") for each in page.all("img"))
    assert len(page.all("caption")) == len(page.all("table"))
    assert all(each.get("scope") for each in page.all("th"))
    assert len(page.all("main")) == 1
    named = page.values("aria-labelledby")
    assert set(named) <= set(ids)
    return page


def render(book: Gradebook, number: int | None = None, **more) -> str:
    return report.render(book, report.read(book, number), **more)


def students(book: Gradebook, hidden_tests=SUMMARY, **more) -> dict[str, str]:
    return dict(student_pages.render(book, report.read(book), hidden_tests, **more))


def kept(*given) -> None:
    """A gradebook that nobody has open."""
    with book_of(*given):
        pass


@pytest.fixture
def grader(tmp_path, monkeypatch, capfd):
    """Runs the command outside of any course; gives status, stdout and stderr."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["grader", *map(str, arguments)])
        try:
            cli.main()
            status = 0
        except SystemExit as ended:
            status = ended.code or 0
        said = capfd.readouterr()
        return status, said.out, said.err

    return run


# -- the report -----------------------------------------------------------------------------------------


def test_a_class_of_real_questions_makes_a_sound_page(tmp_path, drawn):
    make_class(tmp_path, size=12)
    with Gradebook(tmp_path) as book:
        text = render(book, course="dl")
        assert text == render(book, course="dl")  # nothing in it hangs on chance or on the clock
        known = report.read(book)
    page = check(text)
    shown = [each for each in page.all("img") if each["src"].startswith("data:image/svg+xml;base64,")]
    assert [each["alt"].split(" of ")[0] for each in shown] == ["Histogram", "For each question"] * 2
    for each in shown:
        drawing = ElementTree.fromstring(base64.b64decode(each["src"].partition(",")[2]))
        assert drawing.tag == "{http://www.w3.org/2000/svg}svg"
        assert drawing.findall(".//{*}script") == []
    assert page.headings[0] == (1, "Class report: dl")
    titles = [said for level, said in page.headings if level == 2]
    assert "p1: Warm-up: gradient flow by hand, and choosing an optimizer" in titles
    assert titles.index("What goes wrong") < titles.index("Tests") < titles.index("Since the run before")
    assert len([each for each in page.all("section") if each.get("class") == "page"]) == 12
    assert "p1.backward" in page.words()
    assert "torch 2.13.0+cpu" in page.words()
    assert "Since run 1 of " in page.words()
    assert known.last == 2


@pytest.mark.parametrize("points", [0.0, 4.0, 5.0])
def test_a_class_of_one_is_drawn_too(tmp_path, drawn, points):
    ends = [judged(points=points), *(judged(f"t{each}", points=0, outcome=each) for each in Outcome)]
    questions = [asked(test, id=f"p1.q{number}") for number, test in enumerate(ends)]
    with book_of(tmp_path, [grading("ann", result(*questions))]) as book:
        book.override(Override(submission="ann", question="p1.q0", points=99, reason="r", before=points))
        check(render(book))


def test_what_is_said_of_an_empty_class_and_of_one_run(tmp_path):
    with Gradebook(tmp_path, create=True) as book:
        book.end(book.begin({}, {}), "finished")
        said = check(render(book)).words()
    assert "No known mistake was recognised." in said
    assert "No test was run." in said
    assert "no submission was graded twice" in said
    assert "There is no run before this one." in said
    assert "Near-identical" not in said


def test_grades_that_cannot_be_used_come_first_and_by_reason(tmp_path):
    right = result(asked(judged()))
    broken = asked(judged(points=0, outcome=Outcome.GRADER_ERROR, message="it was killed"))
    runs = [
        grading("ann"),
        grading("bob"),
        grading("cid", result(broken, complete=False)),
        grading("dan", right),
    ]
    with book_of(tmp_path, runs) as book:
        page = check(render(book))
    said = page.words()
    assert page.headings[1] == (2, "⚠ 3 grades must not be used")
    assert "Of 4 grades." in said
    assert said.index("the disk is full") < said.index("1 of 1 tests were not judged; it was killed")
    assert "⚠ not usable" in said
    assert "1 grade: median 4 of 4 points" in said


def test_a_missing_bonus_is_a_warning_of_its_own(tmp_path):
    gpu = grading("ann", version=version(digest="gpu", device="cuda"))
    with book_of(tmp_path, [grading("ann", result(asked(judged()))), gpu]) as book:
        said = check(render(book)).words()
    assert "⚠ Bonus points are missing" in said
    assert "GPU questions: the disk is full" in said
    assert "must not be used" not in said


def test_a_bonus_stands_beside_the_score(tmp_path):
    idle = judged("race", points=0, of=0, device="cuda", outcome=Outcome.NOT_RUN, message="needs a GPU")
    won = judged("race", points=3, of=3, device="cuda", title="It is fast", note="1.2 times the reference")
    only = asked(won, id="p1.gpu", title="On a GPU")
    first = grading("ann", result(asked(judged()), asked(idle, id="p1.gpu", title="On a GPU")))
    second = grading("ann", result(only, device="cuda"), version=version(digest="gpu", device="cuda"))
    with book_of(tmp_path, [first, second]) as book:
        said = check(render(book)).words()
    assert "4 / 4 + 3 bonus" in said
    assert "On a GPU p1.gpu passed 3 bonus 1.2 times the reference" in said
    assert "needs a GPU" not in said


def test_a_run_that_has_not_ended_says_so(tmp_path):
    with Gradebook(tmp_path, create=True) as book:
        book.begin({}, {"notes.txt": "a file"})
        page = check(render(book))
    assert page.headings[1] == (2, "⚠ The run has not come to its end")
    assert "notes.txt: a file" in page.words()


def test_manual_changes_are_listed_with_reasons_and_a_stale_one_is_marked(tmp_path):
    graded = [grading(name, result(asked(judged(points=1)))) for name in ("ann", "bob")]
    with book_of(tmp_path, graded) as book:
        more = {"question": "p1.flow", "by": "ida", "at": "2026-11-12T10:00:00+00:00"}
        book.override(Override(submission="ann", points=3, reason="A sign", before=1, **more))
        book.override(Override(submission="bob", points=2, reason="", before=4, **more))
        page = check(render(book))
    said = page.words()
    assert "ann p1.flow 1 3 A sign 2026-11-12 10:00 UTC, ida" in said
    assert "bob p1.flow 1 2 none given ⚠ graded otherwise when this was decided" in said
    assert "Changed by hand from 1 to 3 points: A sign" in said
    assert "3 (by hand)" in said
    assert "\N{LOWER RIGHT PENCIL} Flow p1.flow changed by hand 3 / 4" in said


def test_mistakes_failures_slow_and_flaky_tests_are_told(tmp_path):
    wrong = asked(judged(points=0, message="2 differ", mistake=mistake()))
    odd = asked(judged(points=0, message="3 differ", title="Odd sizes", cpu_seconds=2.0))
    first = [grading(name, result(wrong)) for name in ("ann", "bob", "cid", "dan")] + [
        grading("eve", result(odd))
    ]
    right = grading("ann", result(asked(judged())))
    with book_of(tmp_path, first, [right]) as book:
        said = check(render(book, 1)).words()
        again = check(render(book)).words()
    assert "4 p1.flow sum_for_mean The gradients are summed. 4 submissions ann bob cid dan" in said
    assert "1 p1.flow 3 differ eve" in said
    assert "Odd sizes p1/test_hidden.py::test_a 5" in said
    assert "1 test ended differently" in said
    assert "1 pair of gradings in succession, 1 of them by the same version" in said
    assert "⚠ 1 0 failed, then passed" in said
    assert f"Run 1 of 2, {report.moment(right.ended)}".rstrip() in said
    assert "1 of 1 grade changed: 1 up, 0 down; 0 new, 4 gone." in again
    assert f"grader diff {tmp_path}" in again


def test_long_lists_are_cut_with_a_count(tmp_path):
    questions = [
        asked(judged(points=0, message="2 differ", mistake=mistake(f"m{number}")), id=f"p1.q{number}")
        for number in range(report.MISTAKES_SHOWN + 2)
    ]
    said = [
        grading(f"s{number}", result(asked(judged(points=0, message=f"{number} differ"))))
        for number in range(report.MESSAGES_SHOWN + 1)
    ]
    steady = [judged(f"t{number}") for number in range(report.UNSTEADY_SHOWN + 1)]
    unsteady = [judged(f"t{number}", points=0, message="x") for number in range(report.UNSTEADY_SHOWN + 1)]
    runs = [
        [grading("ann", result(*questions)), grading("bob", result(asked(*steady))), *said],
        [grading("ann", result(*questions)), grading("bob", result(asked(*unsteady))), *said],
    ]
    with book_of(tmp_path, *runs) as book:
        text = check(render(book)).words()
    assert "2 less frequent ones" in text
    assert "and 2 other messages" in text
    assert "And 1 other test, less often." in text


def test_near_identical_submissions_are_listed_where_somebody_looked(tmp_path):
    pair = {"first": "ann", "second": "bob", "assignment": "p1", "tokens": 400, "files": ["flow.py"]}
    found = [Pair(share_first=0.98, share_second=0.71, **pair)]
    lost = [Pair(share_first=0.9, share_second=0.9, **{**pair, "second": "of another gradebook"})]
    with book_of(tmp_path, [grading("ann", result(asked(judged())))], [grading("bob")]) as book:
        page = check(render(book, alike=[*found, *lost]))
        none = check(render(book, alike=[])).words()
    assert "ann 98 % bob 71 % p1: flow.py" in page.words()
    assert "1 pair of near-identical" in page.words()
    pages = [each["id"] for each in page.all("section") if each.get("class") == "page"]
    assert len(pages) == 1  # ann is not in this run, so nothing leads to her
    assert "Near-identical submissions None were found." in none


def test_submissions_of_one_name_are_told_apart_and_late_ones_marked(tmp_path):
    students_of = {key: [Student(name="Ann Bee")] for key in ("one", "two")}
    graded = [grading(key, result(asked(judged()))) for key in ("one", "two", "zoe")]
    with book_of(tmp_path, graded, students=students_of) as book:
        book.enter([Entry(key="zoe", late=True)])
        said = check(render(book)).words()
        ids = [book.pseudonym(key) for key in ("one", "two")]
    for each in ids:
        assert f"Ann Bee ({each})" in said
    assert "zoe (late)" in said


def test_an_assignment_that_somebody_did_not_hand_in_is_a_dash(tmp_path):
    other = result(asked(judged(), id="p2.a"), assignment="p2")
    with book_of(tmp_path, [grading("ann", result(asked(judged()))), grading("bob", other)]) as book:
        said = check(render(book)).words()
        pseudonym = book.pseudonym("ann")
    assert f"ann {pseudonym} 4 \N{EN DASH}" in said


# -- what a page must not hold --------------------------------------------------------------------------


def test_hostile_text_is_text(tmp_path):
    name = PictureResult(file="p.png", title=HOSTILE)
    test = judged(
        points=0, message=HOSTILE, title=HOSTILE, note=HOSTILE, pictures=[name], visibility="visible"
    )
    handed_in = SubmissionResult(folder=HOSTILE, files=[], ignored=[HOSTILE])
    known = mistake(HOSTILE, HOSTILE)
    bad = asked(test, title=HOSTILE, review=HOSTILE, mistake=known)
    graded = grading("ann", result(bad, problems=[HOSTILE], submission=handed_in, title=HOSTILE))
    with Gradebook(tmp_path, create=True) as book:
        book.enter([Entry(key="ann", students=[Student(name=HOSTILE)]), Entry(key=HOSTILE)])
        run = book.begin({HOSTILE: HOSTILE}, {HOSTILE: HOSTILE})
        book.add(run, graded, {"p.png": PNG})
        book.add(run, grading(HOSTILE, fault=HOSTILE))
        book.override(Override(submission="ann", question="p1.flow", points=1, reason=HOSTILE, by=HOSTILE))
        book.end(run, "finished")
        pair = Pair(
            first="ann",
            second=HOSTILE,
            assignment="p1",
            share_first=1,
            share_second=1,
            tokens=1,
            files=[HOSTILE],
        )
        page = check(render(book, course=HOSTILE, alike=[pair]))
        hidden = check(render(book, course=HOSTILE, alike=[pair], anonymous=True))
        own = [check(text) for text in students(book).values()]
    assert HOSTILE in page.words()
    assert "982007569" not in page.words()
    assert HOSTILE in hidden.words()
    assert any(HOSTILE in each.words() for each in own)


def people(tmp_path: Path) -> Gradebook:
    """Two who know of each other, with files, faults and reasons that name them."""
    ann = Student(
        name="Ann Marie Bee", sid="3012345", email="ann@example.org", login="annb", platform_id="77001"
    )
    bob = Student(name="Bob Crane", sid="3054321", email="bob@example.org", login="bobc", platform_id="77002")
    test = judged(points=0, message="raised Error: by annb", visibility="visible", title="It adds")
    handed_in = SubmissionResult(folder="annb_77001", files=[], ignored=["Ann_notes.py", "of annb.txt"])
    graded = result(
        asked(test), problems=["homework of Ann Marie Bee is missing"], submission=handed_in, seed=987654321
    )
    book = book_of(
        tmp_path,
        [grading("annb_77001", graded), grading("bobc_77002", fault="/class/bobc_77002 cannot be read")],
        students={"annb_77001": [ann], "bobc_77002": [bob]},
    )
    run = book.begin({"secret option": "x"}, {"Ann Marie Bee's notes.txt": "a file"})
    book.use(run, next(book.gradings()))
    book.add(run, grading("bobc_77002", fault="/class/bobc_77002 cannot be read"))
    book.end(run, "finished")
    reason = "Ann and Bob worked together; bob@example.org says so, and Marie"
    book.override(Override(submission="annb_77001", question="p1.flow", points=1, reason=reason, by="idaho"))
    return book


NAMES = ("Ann", "Marie", "Bee", "Bob", "Crane", "annb", "bobc", "3012345", "3054321", "77001", "@example.org")


def test_an_anonymous_report_names_nobody(tmp_path):
    with people(tmp_path / "Ann's class") as book:
        named, text = render(book), render(book, anonymous=True)
        pseudonym = book.pseudonym("annb_77001")
    assert {name for name in NAMES if name in named} >= {"Ann", "Bob", "annb"}
    said = (
        check(text).words().replace("Ann_notes.py", "")
    )  # no name that is known, but a part of another word
    assert [name for name in NAMES if name in said] == []
    assert "secret option" not in text
    assert "987654321" not in text + named
    assert "by [name]" in said
    assert "[name] and [name] worked together; [name] says so, and [name]" in said
    assert "idaho" not in text
    assert pseudonym in text
    assert "grader diff DIR" in said


def test_a_students_page_names_nobody_else(tmp_path):
    with people(tmp_path) as book:
        made = students(book)
        ann, bob = (book.pseudonym(key) for key in ("annb_77001", "bobc_77002"))
    assert set(made) == {f"{ann}.html", f"{bob}.html"}
    page = check(made[f"{ann}.html"])
    assert [
        each for each in ("Bob", "Crane", "bobc", "3054321", "77002", bob, "idaho") if each in page.words()
    ] == []
    assert "987654321" not in made[f"{ann}.html"]
    assert "Ann and [name] worked together; [name] says so, and Marie" in page.words()
    assert "Changed by hand from 0 to 1 points" in page.words()
    fault = check(made[f"{bob}.html"]).words()
    assert feedback.FAULT in fault
    assert "cannot be read" not in fault


def hidden_and_visible(**more) -> list:
    return [
        judged("test_public.py::a", title="The handout's numbers.", visibility="visible", **more),
        *(
            judged(f"test_hidden.py::h{number}", points=0, title="Secret sizes", message=f"case {number}")
            for number in range(5)
        ),
    ]


def test_students_read_of_hidden_tests_what_a_platform_shows(tmp_path):
    question = asked(*hidden_and_visible(), review="Reread the section.")
    with book_of(tmp_path, [grading("ann", result(question))]) as book:
        (text,) = students(book).values()
        instructors = render(book)
    said = check(text).words()
    assert "Flow p1.flow partly right 4 / 24" in said
    assert "Hidden tests (0 / 20) : case 1; case 2" in said
    assert "case 3" not in said
    assert "Secret sizes" not in text
    assert "test_hidden" not in text
    assert "Reread the section." in said
    assert "Secret sizes" in instructors
    assert "case 4" in instructors


@pytest.mark.parametrize("rules", [{"p1": "hidden"}, {}])
def test_what_the_course_never_shows_is_not_shown(tmp_path, rules):
    secret = [judged("test_hidden.py::h", points=0, message="case 0", mistake=mistake(), note="a margin")]
    whole = asked(*hidden_and_visible()[:1], *secret, review="Reread the section.")
    failed = asked(
        judged("test_public.py::b", points=0, title="Two layers.", visibility="visible", message="raised"),
        judged(
            "test_public.py::c", points=0, title="Three layers.", visibility="visible", message="3 differ"
        ),
        *secret,
        id="p1.b",
        outcome=Outcome.GRADER_ERROR,
        message="case 0",
    )
    with book_of(tmp_path, [grading("ann", result(whole, failed))]) as book:
        (text,) = students(book, rules).values()
        book.override(Override(submission="ann", question="p1.flow", points=5, reason="r", before=4))
        (changed,) = students(book, rules).values()
    said = check(text).words()
    for secret_text in ("case 0", "The gradients are summed.", "a margin", "Hidden tests", "could not be"):
        assert secret_text not in said
    assert "Flow p1.flow passed 4 / 4 (public tests)" in said
    assert (
        "p1.b wrong answer 0 / 8 (public tests) raised Two layers (0 / 4) Three layers (0 / 4) : 3 differ"
        in said
    )
    assert said.count("Reread") == 1  # of the question whose public tests lost points
    assert "5 / 8" in check(changed).words()


def test_what_is_not_a_grade_is_provisional_for_students(tmp_path):
    broken = asked(
        judged(points=0, outcome=Outcome.GRADER_ERROR, message="could not be judged: it was killed")
    )
    with book_of(
        tmp_path, [grading("ann", result(broken, asked(judged(), id="p1.b"), complete=False))]
    ) as book:
        (text,) = students(book).values()
    said = check(text).words()
    assert "4 / 8, provisional" in said
    assert "this score is provisional" in said
    assert "1 of 2 tests" not in said


# -- what is said of one submission ---------------------------------------------------------------------


def test_tests_that_all_ended_alike_are_told_once(tmp_path):
    unwritten = [
        judged(name, points=0, title=name, message="not started", outcome=Outcome.NOT_STARTED)
        for name in "abc"
    ]
    with book_of(tmp_path, [grading("ann", result(asked(*unwritten)))]) as book:
        (text,) = students(book).values()
        said = check(render(book)).words()
    assert (
        check(text)
        .words()
        .endswith("\N{EN DASH} Flow p1.flow not started 0 / 12 not started Review: Reread.")
    )
    assert "0 / 4" not in said


def test_a_question_with_all_its_points_says_no_more_than_its_notes(tmp_path):
    idle = judged(
        "test_public.py::z", points=0, of=0, message="differs", mistake=mistake(), title="For nothing"
    )
    question = asked(
        judged(note="0.3 above the mark"), idle, outcome=Outcome.PASSED, message="", mistake=None
    )
    with book_of(tmp_path, [grading("ann", result(question))]) as book:
        (text,) = students(book).values()
    said = check(text).words()
    assert "✓ Flow p1.flow passed 4 / 4 0.3 above the mark" in said
    assert "For nothing" not in said
    assert "Recognised" not in said


def test_problems_and_files_that_nobody_asked_for_are_told(tmp_path):
    handed_in = SubmissionResult(folder="x", files=[], ignored=["a.txt", "b.txt"])
    graded = result(asked(judged()), problems=["flow.py is empty"], submission=handed_in)
    with book_of(tmp_path, [grading("ann", graded)]) as book:
        (text,) = students(book).values()
    assert (
        "flow.py is empty Files that nobody asked for, and that were not looked at: a.txt , b.txt"
        in check(text).words()
    )


def test_pictures_are_in_the_pages_unless_they_are_not_wanted(tmp_path):
    drawn = [PictureResult(file="p.png", title="Loss"), PictureResult(file="", title="Band: no room")]
    drawn += [PictureResult(file="gone.png", title="Gone"), PictureResult(file="odd.png", title="Odd")]
    graded = grading("ann", result(asked(judged(pictures=drawn))))
    with Gradebook(tmp_path, create=True) as book:
        book.enter([Entry(key="ann")])
        run = book.begin({}, {})
        book.add(run, graded, {"p.png": PNG, "odd.png": b"<svg onload='x'/>"})
        pages = [render(book), *students(book).values()]
        without = [render(book, pictures=False), *students(book, pictures=False).values()]
    for text in pages:
        page = check(text)
        shown = [each["alt"] for each in page.all("img") if each["src"].startswith("data:image/png;base64,")]
        assert shown == ["Loss"]
        for title in ("Band: no room", "Gone", "Odd"):
            assert f"{title} (there is no picture of it)" in page.words()
        assert "onload" not in text
    for text in without:
        assert "image/png" not in text
        assert "Gone" not in text
    assert "Pictures that the tests drew were left out" in check(without[0]).words()


# -- names ----------------------------------------------------------------------------------------------


def test_names_are_taken_out_of_text_as_words():
    ann = Submission(key="an", pseudonym="s-1", students=[Student(name="Ann  Lee", sid="42", login="lee.a")])
    li = Submission(key="k2", pseudonym="s-2", students=[Student(name="李 明浩", sid="300123")])
    names = Names([ann, li])
    assert names.out_of("ANN\nLEE, (lee.a) and 300123") == "[name], ([name]) and [name]"
    assert names.out_of("Lee, an annex, 42 of 3001234") == "Lee, an annex, 42 of 3001234"
    assert Names([ann, li], parts=True).out_of("Ann and 明浩", but="s-1") == "Ann and [name]"
    assert names.out_of("") == ""
    assert names.out_of("lee.a_homework.py and K2_x") == "[name]_homework.py and K2_x"  # k2 is too short
    apart = Names([Submission(key="Jörg Strauß", pseudonym="s-3")])
    assert apart.out_of("Jo\N{COMBINING DIAERESIS}rg strauß") == "[name]"


# -- the command ----------------------------------------------------------------------------------------


def test_the_report_is_written_closed_to_others(tmp_path, grader):
    kept(tmp_path, [grading("ann", result(asked(judged()))), grading("bob")])
    before = os.umask(0)
    try:
        status, out, err = grader("report", tmp_path)
    finally:
        os.umask(before)
    path = tmp_path / "report.html"
    assert (status, err) == (0, "")
    assert f"{path}: run 1, " in out.replace("\n", "")
    assert "1 grade must not be used; the report says why" in out
    assert "ann" not in out.replace(str(tmp_path), "")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "ann" in check(path.read_text()).words()


def test_the_students_pages_are_written_by_the_rules_of_the_course(
    tmp_path, grader, small_course, monkeypatch
):
    monkeypatch.chdir(small_course.root)
    toml = small_course.root / "assignments" / "q1" / "assignment.toml"
    toml.write_text(toml.read_text() + '\n[uploads]\nhidden_tests = "hidden"\n')
    questions = asked(*hidden_and_visible(), id="q1.half")
    kept(tmp_path / "b", [grading("ann", result(questions, assignment="q1"))])
    status, out, err = grader(
        "report", tmp_path / "b", "--students", tmp_path / "out", "--to", tmp_path / "all.HTML", "--anonymous"
    )
    assert (status, err) == (0, "")
    assert f"{tmp_path / 'out'}: 1 page\n" in out
    (path,) = (tmp_path / "out").iterdir()
    assert re.fullmatch(r"s-[0-9a-f]{8}\.html", path.name)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o700
    assert "(public tests)" in check(path.read_text()).words()
    text = (tmp_path / "all.HTML").read_text()
    assert "pseudonyms alone" in text
    assert "Class report: course" in check(text).words()
    assert not (tmp_path / "b" / "report.html").exists()
    (tmp_path / "out" / "s-00000000.html").write_text("of somebody who is not in this class")
    _, out, _ = grader("report", tmp_path / "b", "--students", tmp_path / "out", "--no-pictures")
    assert ": 1 page; 1 other page there, not of this run\n" in out


def test_students_pages_need_the_course_and_nothing_is_written_without(tmp_path, grader):
    kept(tmp_path, [grading("ann", result(asked(judged())))])
    status, _, err = grader("report", tmp_path, "--students", tmp_path / "out")
    assert (status, "assignments" in err) == (2, True)
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "report.html").exists()


def test_a_folder_for_students_that_is_a_file_is_refused(tmp_path, grader, small_course, monkeypatch):
    monkeypatch.chdir(small_course.root)
    kept(tmp_path / "b", [grading("ann", result(asked(judged(), id="q1.half"), assignment="q1"))])
    (tmp_path / "out").write_text("")
    status, _, err = grader("report", tmp_path / "b", "--students", tmp_path / "out")
    assert (status, f"{tmp_path / 'out'} cannot be written: File exists" in err) == (2, True)


def test_what_was_graded_on_a_gpu_alone_is_not_graded_yet(tmp_path):
    won = asked(judged("race", points=3, of=3, device="cuda"), id="p1.gpu")
    gpu = grading("ann", result(won, device="cuda"), version=version(digest="gpu", device="cuda"))
    with book_of(tmp_path, [gpu]) as book:
        said = check(render(book)).words()
    assert "p1 not graded yet ann" in said
    assert "p1: Warm-up 0 / 0 + 3 bonus, provisional" in said


def test_similar_pairs_beside_the_gradebook_are_in_the_report(tmp_path, grader):
    kept(tmp_path, [grading("ann", result(asked(judged()))), grading("bob", result(asked(judged())))])
    pair = Pair(
        first="ann", second="bob", assignment="p1", share_first=1, share_second=1, tokens=9, files=["flow.py"]
    )
    similarity.store(tmp_path, [pair])
    assert grader("report", tmp_path)[0] == 0
    assert "ann 100 % bob 100 % p1: flow.py" in check((tmp_path / "report.html").read_text()).words()
    (tmp_path / similarity.FILE_NAME).write_text("{")
    status, _, err = grader("report", tmp_path)
    assert (status, similarity.FILE_NAME in err) == (2, True)


def test_what_cannot_be_is_refused_in_words(tmp_path, grader):
    status, _, err = grader("report", tmp_path)
    assert (status, "no gradebook there" in err) == (2, True)
    with Gradebook(tmp_path, create=True) as book:
        status, _, err = grader("report", tmp_path)
        assert (status, "nothing was graded there yet" in err) == (2, True)
        book.begin({}, {})
    status, _, err = grader("report", tmp_path, "--run", 7)
    assert (status, "no run 7" in err, "there are: 1" in err) == (2, True, True)
    status, _, err = grader("report", tmp_path, "--to", tmp_path / "gradebook.sqlite")
    assert (status, "a page's name ends with .html" in err) == (2, True)
    (tmp_path / "folder.html").mkdir()
    status, _, err = grader("report", tmp_path, "--to", tmp_path / "folder.html")
    assert (status, "cannot be written: Is a directory" in err.replace("\n", " ")) == (2, True)


def test_an_earlier_run_can_be_reported(tmp_path):
    with book_of(tmp_path, [grading("ann", result(asked(judged())))], [grading("ann")]) as book:
        assert "must not be used" not in check(render(book, 1)).words()
        assert "1 that could be used then and cannot now" in check(render(book, 2)).words()
        run = book.begin({"p2": ""}, {})
        book.add(run, grading("ann", result(asked(judged(), id="p2.a"), assignment="p2")))
        assert "graded other assignments." in check(render(book)).words()
        with pytest.raises(GraderFault, match="no run 4"):
            report.read(book, 4)


def test_a_name_that_a_template_lacks_is_an_error():
    with pytest.raises(Exception, match="undefined"):
        render_page("student.html.j2", report.PACKAGE, pseudonym="s-1", student=True)


@pytest.mark.parametrize(("size", "words"), [(10, "1 kB"), (20_400, "20 kB"), (2_340_000, "2.3 MB")])
def test_sizes_are_told_in_round_figures(size, words):
    from grader.commands import reporting

    assert reporting._size(size) == words

"""The class report in a real browser: reachable by keyboard, readable by machines, narrow, printed, offline.

Run by `tox -e report`, on a machine with Chromium. Where it is missing these tests fail.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright
from reported import asked, book_of, grading, judged, make_class, mistake, result

from grader.gradebook import report, student_pages
from grader.gradebook.model import Override, Student
from grader.gradebook.similarity import Pair
from grader.gradebook.store import Gradebook
from grader.results.model import SubmissionResult

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

# Without what a browser does on its own account, on the network or beside it.
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
FLAGS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
NARROW = 320  # CSS pixels: 1280 at a magnification of 400 % (WCAG 2.2, 1.4.10)
PAPER = 680  # of A4 between margins of 15 mm
FOCUSABLE = "a[href], summary, [tabindex='0']"
Opened = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert path is not None, "no Chromium here: install it (Debian: apt-get install chromium)"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A class of a dozen, its first student's page to hand out, and a class of odd names."""
    folder = tmp_path_factory.mktemp("report")
    make_class(folder / "class", size=12)
    found = {"class": folder / "class.html", "student": folder / "student.html", "odd": folder / "odd.html"}
    with Gradebook(folder / "class") as book:
        known = report.read(book)
        keys = [each.key for each in known.submissions]
        more = {"assignment": "p1", "tokens": 400, "files": ["gradient_flow.py"]}
        alike = [Pair(first=keys[0], second=keys[1], share_first=0.98, share_second=0.71, **more)]
        found["class"].write_text(report.render(book, known, course="dl", alike=alike))
        rules = {"p1": "summary", "p2": "summary"}
        found["student"].write_text(next(page for _, page in student_pages.render(book, known, rules)))
    found["odd"].write_text(_odd(folder / "odd"))
    return found


def _odd(folder: Path) -> str:
    """Long words, other directions, markup, and a class of which nothing can be used."""
    word, markup = "n" * 300, "<b onclick='x'>\"&amp;</b>"
    students = {
        "one": [Student(name=word)],
        "two": [Student(name="שרה לוי")],
        "three": [Student(name=markup)],
    }
    handed_in = SubmissionResult(folder="x", files=[], ignored=[f"{word}.txt"])
    bad = asked(
        judged(points=0, message=word, mistake=mistake(word, word), title=word, note=word), title=word
    )
    graded = result(bad, problems=[word], submission=handed_in)
    gradings = [grading("one", graded), grading("two", graded), grading("three", fault=word)]
    with book_of(folder, gradings, students=students) as book:
        book.override(Override(submission="one", question="p1.flow", points=1, reason=word, by=word))
        return report.render(book, report.read(book), course=word)


@pytest.fixture
def opened(browser: Browser, pages: dict[str, Path]) -> Iterator[Opened]:
    """Opens a page offline; at the end nothing was asked of any network, and nothing was complained of."""
    asked_for: list[str] = []
    complaints: list[str] = []
    contexts = []

    def open_one(name: str, width: int = 1280, fragment: str = "") -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900}, offline=True)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: asked_for.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(pages[name].as_uri() + fragment)
        return page

    yield open_one
    for context in contexts:
        context.close()
    own = {path.as_uri() for path in pages.values()}
    assert asked_for
    assert [
        url for url in asked_for if url.partition("#")[0] not in own and not url.startswith("data:")
    ] == []
    assert complaints == []


def first_student(page: Page) -> str:
    return page.locator("section.page").first.get_attribute("id") or ""


def violations(page: Page) -> list[str]:
    """All that axe finds, best practices among it, with where."""
    found = Axe().run(page).response["violations"]
    return [f"{rule['id']}: {node['html'][:200]}" for rule in found for node in rule["nodes"]]


# -- accessibility --------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [1280, NARROW])
@pytest.mark.parametrize("name", ["class", "odd", "student"])
def test_axe_finds_nothing(opened, name, width):
    page = opened(name, width)
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert violations(page) == []


@pytest.mark.parametrize("name", ["class", "odd"])
def test_axe_finds_nothing_on_a_students_page_in_the_report(opened, name):
    page = opened(name)
    page.goto(f"{page.url}#{first_student(page)}")
    assert page.locator("section.page:visible").count() == 1
    assert violations(page) == []


def test_axe_would_find_something(opened):
    page = opened("class")
    page.evaluate(
        "document.querySelector('main').innerHTML += '<img src=\"data:,\"><p style=\"color:#bbb\">pale</p>'"
    )
    rules = {each.partition(":")[0] for each in violations(page)}
    assert {"image-alt", "color-contrast"} <= rules


# -- keyboard -------------------------------------------------------------------------------------------


def test_tab_reaches_everything_in_the_order_of_the_page_and_shows_where_it_is(opened):
    page = opened("class")
    wanted = page.evaluate(
        f"""() => [...document.querySelectorAll("{FOCUSABLE}")]
            .filter(each => each.checkVisibility({{contentVisibilityAuto: true}}))
            .map((each, at) => {{ each.dataset.at = at; return at; }})"""
    )
    assert len(wanted) > 40
    reached = []
    for _ in wanted:
        page.keyboard.press("Tab")
        at, outline = page.evaluate(
            """() => [Number(document.activeElement.dataset.at ?? -1),
                      getComputedStyle(document.activeElement).outlineStyle]"""
        )
        assert outline == "solid", at
        reached.append(at)
    assert reached == wanted


def test_the_skip_link_comes_first_and_leads_to_the_report(opened):
    page = opened("class")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the report"
    assert page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    page.keyboard.press("Tab")  # past the sections' links
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


def test_enter_opens_a_students_page_and_back_returns(opened):
    page = opened("class")
    link = page.locator("#submissions th a").nth(3)
    student = (link.get_attribute("href") or "").removeprefix("#")
    assert page.locator("section.page:visible").count() == 0
    link.focus()
    before = page.evaluate("scrollY")
    page.keyboard.press("Enter")
    assert page.url.endswith(f"#{student}")
    assert [each.get_attribute("id") for each in page.locator("section.page:visible").all()] == [student]
    assert page.locator(".overview:visible").count() == 0
    assert page.evaluate("document.activeElement.id") == student  # a screen reader begins there
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "All submissions"
    page.go_back()
    assert page.locator("section.page:visible").count() == 0
    assert page.locator("#submissions").is_visible()
    page.wait_for_function(f"Math.abs(scrollY - {before}) < 50")
    page.go_forward()
    page.locator(f"#{student} .back a").click()
    assert page.locator("section.page:visible").count() == 0
    assert page.locator("#submissions-title").is_visible()


def test_every_link_of_the_report_leads_somewhere(opened):
    page = opened("class")
    dead = page.evaluate(
        """() => [...document.querySelectorAll("a[href]")].map(each => each.getAttribute("href"))
            .filter(at => !at.startsWith("#") || !document.getElementById(at.slice(1)))"""
    )
    assert dead == []


# -- narrow and on paper --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["class", "odd", "student"])
def test_at_320_pixels_nothing_scrolls_sideways_but_tables_and_plots(opened, name):
    page = opened(name, NARROW)
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW
    if name != "student":
        page.goto(f"{page.url}#{first_student(page)}")
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW
    loose = page.evaluate(
        """() => [...document.querySelectorAll("body *")].filter(each => each.checkVisibility()
            && each.getBoundingClientRect().right > innerWidth + 1 && !each.closest(".wide, .skip"))
            .map(each => each.outerHTML.slice(0, 200))"""
    )
    assert loose == []


@pytest.mark.parametrize("name", ["class", "odd", "student"])
def test_on_a4_no_table_is_cut(opened, name):
    page = opened(name, PAPER)
    page.emulate_media(media="print")
    cut = page.evaluate(
        """() => [...document.querySelectorAll("table, img, p, li")].filter(each => each.checkVisibility()
            && each.getBoundingClientRect().right > innerWidth + 1)
            .map(each => each.outerHTML.slice(0, 200))"""
    )
    assert cut == []


def test_every_submission_is_printed_on_a_page_of_its_own(opened):
    page = opened("class")
    sections = page.locator("section.page").count()
    page.emulate_media(media="print")
    assert page.locator("section.page:visible").count() == sections == 12
    breaks = page.evaluate(
        "() => [...document.querySelectorAll('section.page')].map(each => getComputedStyle(each).breakBefore)"
    )
    assert set(breaks) == {"page"}
    assert page.locator("nav:visible, .skip:visible, .back:visible").count() == 0
    assert page.locator("#submissions").is_visible()
    printed = page.pdf(format="A4")
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) >= sections + 4


def test_a_students_page_does_not_hide_the_rest_from_paper(opened):
    page = opened("class")
    page.goto(f"{page.url}#{first_student(page)}")
    page.emulate_media(media="print")
    assert page.locator("#submissions").is_visible()
    assert page.locator("section.page:visible").count() == 12


# -- safety ---------------------------------------------------------------------------------------------


def test_the_policy_holds_back_what_a_hole_would_let_in(browser, pages):
    """Markup put into the page on purpose runs nothing and fetches nothing."""
    text = pages["class"].read_text()
    path = pages["class"].with_name("holed.html")
    hole = "<script>document.title = 'run'</script><img src='https://grader.invalid/x.png'>"
    hole += "<p onclick='document.title = 1' id='hole'>x</p><link rel='stylesheet' href='https://grader.invalid/x.css'>"
    path.write_text(text.replace("</main>", f"{hole}</main>"))
    page = browser.new_context(offline=True).new_page()
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text))
    page.goto(path.as_uri())
    page.locator("#hole").click()
    assert page.title() == "Class report: dl"
    assert sum("Content Security Policy" in each for each in refused) >= 4
    page.context.close()


def test_hostile_names_are_shown_as_they_are(opened):
    page = opened("odd")
    assert page.locator("#submissions").get_by_text("<b onclick='x'>\"&amp;</b>").count() == 1
    assert page.locator("b[onclick]").count() == 0

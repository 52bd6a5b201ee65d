"""``grader diff``: who changes between two gradings and why, in words, as JSON and as a page."""

from __future__ import annotations

import json
import sys
from html.parser import HTMLParser
from typing import Any

import jsonschema
import msgspec
import pytest

from grader import cli
from grader.comparison import compare
from grader.results import batch, changes, diff_page, diff_words
from grader.results.batch import (
    AssignmentVersion,
    Batch,
    BatchFileError,
    Graded,
    GradedQuestion,
    GradedTest,
    SubmissionGradings,
)
from grader.results.changes import Change, Comparison, Reason
from grader.schemas.generate import schemas

NAMES = ("A.json", "B.json")
HOSTILE = "[red]ann[/red]\x1b]0;x\x07\n<script>alert(1)</script>\N{RIGHT-TO-LEFT OVERRIDE}"
CLEAN = "[red]ann[/red] <script>alert(1)</script>"


TABLE = """\
3 of 4 submissions change: 0 up, 2 down, 1 without two grades, the largest change -6 points

p1: Warm-up: 3 of 4 submissions change

  Submission   Points         Question   Points    Why
 ───────────────────────────────────────────────────────────────────────
  ann          10 -> 4 (-6)   p1.flow    10 -> 4   1
  bob          10 -> 4 (-6)   p1.flow    10 -> 4   1
  cid          4 -> -                              not graded in B.json

 1 test_b: passed -> failed: 2 submissions
   after: 2 of 9 cases differ
"""


def judged(
    name: str, points: float, of: float, outcome: str = "", message: str = "", **more: Any
) -> GradedTest:
    said = outcome or ("passed" if points == of else "failed")
    return GradedTest(
        name=f"test_hidden.py::{name}", points=points, max_points=of, outcome=said, message=message, **more
    )


def question(*tests: GradedTest, id: str = "p1.flow", **more: Any) -> GradedQuestion:
    failed = [test.outcome for test in tests if test.outcome != "passed"]
    return GradedQuestion(
        id=id,
        points=sum(test.points for test in tests),
        max_points=sum(test.max_points for test in tests),
        outcome=failed[0] if failed else "passed",
        tests=list(tests),
        **more,
    )


def graded(*questions: GradedQuestion, **more: Any) -> Graded:
    said: dict[str, Any] = {"complete": True, "seed": 7, "submission_hash": "aa", "isolation": "sandbox"}
    return Graded(
        score=sum(each.points for each in questions),
        max_score=sum(each.max_points for each in questions),
        questions=list(questions),
        **{**said, **more},
    )


def of(submissions: dict[str, Graded | None], version: AssignmentVersion | None = None, **more: Any) -> Batch:
    said: dict[str, Any] = {"state": "finished", "versions": {"grader": "1"}, "engine": "e" * 64}
    version = version or AssignmentVersion(title="Warm-up", digest="d" * 64)
    return Batch(
        schema_version=1,
        assignments={"p1": version},
        submissions=[
            SubmissionGradings(name=name, gradings={} if it is None else {"p1": it})
            for name, it in submissions.items()
        ],
        **{**said, **more},
    )


def compared(before: Graded | None, after: Graded | None) -> Comparison:
    return compare(of({"ann": before}), of({"ann": after}), NAMES)


def change(before: Graded | None, after: Graded | None) -> Change:
    (found,) = compared(before, after).assignments[0].changes
    return found


def reasons(before: GradedQuestion, after: GradedQuestion) -> list[Reason]:
    (found,) = change(graded(before), graded(after)).questions
    return found.reasons


def said(reason: Reason) -> list[str]:
    return [diff_words.sentence(reason), *map(": ".join, diff_words.messages(reason))]


# -- what changes ---------------------------------------------------------------------------------------


def test_nothing_changes_between_equal_gradings():
    it = graded(question(judged("test_a", 4, 4), judged("test_b", 0, 6, message="2 differ", mistake="m")))
    found = compared(it, it)
    assert found.same
    assert found.assignments[0].changes == found.assignments[0].definitions == []
    assert list(diff_words.cautions(found)) == list(diff_words.versions(found)) == []
    assert diff_words.summary(found) == "1 submission, and none changes"


def test_an_outcome_that_changed_is_told_with_both_messages():
    before = question(judged("test_a", 4, 4), judged("test_b", 6, 6, message="all agree"))
    after = question(judged("test_a", 4, 4), judged("test_b", 0, 6, message="2 of 9 cases differ"))
    (reason,) = reasons(before, after)
    assert said(reason) == ["test_b: passed -> failed", "before: all agree", "after: 2 of 9 cases differ"]
    found = change(graded(before), graded(after))
    assert (found.before, found.after, found.difference) == (10, 4, -6)
    assert diff_words.points(found) == "10 -> 4 (-6)"


def test_an_outcome_that_costs_nothing_changes_too():
    before = question(judged("test_a", 0, 4, "failed", "2 differ"))
    (reason,) = reasons(before, question(judged("test_a", 0, 4, "timed_out", "2 differ")))
    assert said(reason) == ["test_a: failed -> timed_out", "before and after: 2 differ"]


def test_partial_points_of_the_same_outcome_are_told():
    (reason,) = reasons(question(judged("test_a", 3, 4)), question(judged("test_a", 2, 4, message="less")))
    assert said(reason) == ["test_a: 3 of 4 -> 2 of 4", "after: less"]


def test_tests_that_are_new_gone_or_worth_more_are_reasons():
    before = question(judged("test_a", 4, 4), judged("test_old", 6, 6))
    after = question(judged("test_a", 5, 5), judged("test_new", 2, 5, message="no"))
    told = [line for reason in reasons(before, after) for line in said(reason)]
    assert told == [
        "test_a is worth 5 points, not 4",
        "test_new is new: 2 of 5 points, failed",
        "after: no",
        "test_old is gone: 6 of 6 points, passed",
        "the question: passed -> failed",
    ]


def test_changes_of_the_tests_alone_change_nobody_and_are_told_once():
    before, after = (
        graded(question(judged("test_a", 0, 4)), question(*tests, id="p1.batch"))
        for tests in ([judged("test_b", 6, 6)], [judged("test_b", 4, 4), judged("test_c", 2, 2)])
    )
    found = compared(before, after)
    assert found.assignments[0].changes == []
    assert list(diff_words.remarks(found.assignments[0])) == [
        "test_b is worth 4 points, not 6",
        "test_c is new: 2 points",
    ]
    assert found.same


def test_a_new_test_that_fails_changes_the_outcome_of_its_question():
    before = question(judged("test_a", 4, 4))
    told = reasons(before, question(judged("test_a", 4, 4), judged("test_b", 0, 2)))
    assert [diff_words.sentence(reason) for reason in told] == [
        "test_b is new: 0 of 2 points, failed",
        "the question: passed -> failed",
    ]


def test_a_question_that_is_new_or_gone_is_a_reason():
    one, two = question(judged("test_a", 4, 4)), question(judged("test_b", 3, 6), id="p1.batch")
    found = change(graded(one), graded(two))
    told = {
        each.id: (each.before, each.after, diff_words.sentence(each.reasons[0])) for each in found.questions
    }
    assert told == {
        "p1.flow": (4, None, "the question is gone: 4 points"),
        "p1.batch": (None, 3, "the question is new: 6 points"),
    }
    assert diff_words.points(found) == "4 / 4 -> 3 / 6 (-1)"


def test_another_mistake_is_named():
    before = question(judged("test_a", 0, 4, mistake="no_mask"), judged("test_b", 0, 4, mistake="no_mask"))
    after = question(judged("test_a", 0, 4), judged("test_b", 0, 4), mistake="sum_for_mean")
    (reason,) = reasons(before, after)
    assert diff_words.sentence(reason) == "recognised mistake: no_mask -> sum_for_mean"
    (reason,) = reasons(before, question(*before.tests[:1], judged("test_b", 4, 4)))
    assert diff_words.sentence(reason) == "test_b: failed -> passed"  # still named for the other
    (reason, none) = reasons(before, question(judged("test_a", 0, 4), judged("test_b", 1, 4)))
    assert diff_words.sentence(none) == "recognised mistake: no_mask -> none"


def test_other_words_alone_are_counted_and_change_nobody():
    before, after = (graded(question(judged("test_a", 0, 4, message=text))) for text in ("one", "two"))
    found = compared(before, after)
    assert found.same
    assert list(diff_words.remarks(found.assignments[0])) == [
        "1 submission with the same points and outcomes in other words"
    ]


def test_the_file_of_a_changed_test_is_told_if_it_was_edited():
    one, two = (graded(question(judged("test_a", points, 4))) for points in (4, 0))
    files = {"assignments/p1/test_hidden.py": "1", "reference/p1/flow.py": "1"}
    before = AssignmentVersion(title="W", digest="1" * 64, files=files)
    after = AssignmentVersion(
        title="W", digest="2" * 64, files={"assignments/p1/test_hidden.py": "2", **dict([*files.items()][1:])}
    )
    found = compare(of({"ann": one}, before), of({"ann": two}, after), NAMES)
    (reason,) = found.assignments[0].changes[0].questions[0].reasons
    assert diff_words.sentence(reason) == "test_a: passed -> failed (its file was edited)"
    (line,) = diff_words.versions(found)
    assert line == "p1: 111111111111 -> 222222222222; other files: assignments/p1/test_hidden.py"
    # An older file that does not tell its files has no say.
    untold = compare(of({"ann": one}), of({"ann": two}, after), NAMES)
    assert not untold.assignments[0].files
    assert not untold.assignments[0].changes[0].questions[0].reasons[0].edited


# -- what cannot be compared ----------------------------------------------------------------------------


def test_a_grading_that_is_missing_or_failed_is_a_change_with_its_reason():
    it = graded(question(judged("test_a", 4, 4)))
    assert change(it, None).notes == ["not graded in B.json"]
    assert change(Graded(fault="it is\nempty"), it).notes == ["could not be graded in A.json: it is empty"]
    assert diff_words.points(change(Graded(fault="empty"), it)) == "- -> 4"
    incomplete = change(it, graded(*it.questions, complete=False))
    assert incomplete.notes == ["not complete in B.json: this grade must not be used"]
    assert incomplete.difference == 0
    assert compared(Graded(fault="in A"), Graded(fault="in B")).same
    assert compared(None, None).same


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"submission_hash": "bb", "seed": 8}, "other files were handed in"),
        ({"seed": 8}, "another seed, by another course secret"),
        ({"seed": 8, "seed_source": "given"}, "another seed"),
        ({"isolation": "process"}, "another isolation: sandbox, then process"),
    ],
)
def test_what_is_not_like_with_like_is_said_first(other, reason):
    """Of those that change, and of those that do not."""
    it = question(judged("test_a", 4, 4))
    found = compared(graded(it), graded(question(judged("test_a", 0, 4)), **other))
    assert found.assignments[0].changes[0].notes == [reason]
    found = compared(graded(it), graded(it, **other))
    assert found.same
    assert list(diff_words.cautions(found)) == [f"{reason}: 1 grading, ann on p1"]
    assert diff_page.render(found).index(reason) < diff_page.render(found).index("none changes")


def test_what_an_older_file_does_not_tell_is_not_another():
    it = question(judged("test_a", 4, 4))
    assert not compared(graded(it, seed=None, submission_hash="", isolation=""), graded(it)).unlike


def test_cautions_of_the_whole_are_said():
    it = graded(question(judged("test_a", 4, 4)))
    many = {f"s{number}": it for number in range(12)}
    before = of(many, state="stopped", seed=1)
    others = {f"s{number}": graded(*it.questions, seed=8) for number in range(11)}
    after = of({**others, "zed": it}, AssignmentVersion(part="first"))
    after = msgspec.structs.replace(after, assignments={**after.assignments, "p2": AssignmentVersion()})
    found = compare(before, after, NAMES)
    shown = ", ".join(f"s{number} on p1" for number in range(8))
    assert list(diff_words.cautions(found)) == [
        "A.json is of a run that did not end (stopped): it has some of the gradings only",
        "other seeds were asked for: 1 for all, then each submission's own",
        "another part of p1 was graded: the whole, then first",
        f"another seed, by another course secret: 11 gradings, {shown} and 3 more",
        "1 submission in A.json only: s11",
        "1 assignment in B.json only: p2",
        "1 submission in B.json only: zed",
    ]
    assert not found.same
    assert (found.submissions, found.changed) == (13, 0)


def test_the_summary_counts_ways_and_versions():
    def one(*points: float) -> Graded:
        return graded(*(question(judged("test_a", each, 9), id=f"p1.{n}") for n, each in enumerate(points)))

    before = {"up": one(1, 1), "down": one(9, 9), "same": one(3, 4), "still": one(2, 2), "out": one(1, 1)}
    after = {"up": one(1, 2.5), "down": one(9, 2), "same": one(4, 3), "still": one(2, 2), "out": None}
    found = compare(of(before), of(after, versions={"grader": "2", "torch": "3"}, engine="f" * 64), NAMES)
    assert diff_words.summary(found) == (
        "4 of 5 submissions change: 1 up, 1 down, 1 with the same total, 1 without two grades, "
        "the largest change -7 points"
    )
    assert list(diff_words.versions(found)) == [
        "grader: 1 -> 2",
        "torch: unknown -> 3",
        "engine: eeeeeeeeeeee -> ffffffffffff",
    ]
    assert diff_words.heading(found.assignments[0]) == "p1: Warm-up: 4 of 5 submissions change"


# -- files of other times -------------------------------------------------------------------------------


def test_a_file_is_read_as_it_was_written(tmp_path):
    it = of({"ann": graded(question(judged("test_a", 4, 4))), "bob": None})
    (tmp_path / "A.json").write_bytes(batch.render(it))
    assert batch.read(tmp_path / "A.json") == it
    jsonschema.validate(json.loads(batch.render(it)), json.loads(schemas()["batch-1.json"]))


def test_unknown_fields_are_ignored_and_missing_ones_have_defaults(tmp_path):
    path = tmp_path / "A.json"
    newer = msgspec.to_builtins(of({"ann": graded(question(judged("test_a", 4, 4, "passed_twice")))}))
    newer["colour"] = newer["submissions"][0]["gradings"]["p1"]["questions"][0]["tests"][0]["colour"] = 1
    path.write_text(json.dumps(newer))
    test = batch.read(path).submissions[0].gradings["p1"].questions[0].tests[0]
    assert (test.points, test.outcome) == (4, "passed_twice")
    path.write_text('{"kind": "batch", "schema_version": 1, "state": "finished"}')
    oldest = batch.read(path)
    assert compare(oldest, oldest, NAMES).same


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "cannot be read: No such file"),
        ('{"kind": "batch", "schema_version": 2, "state": []}', "is of format 2, and this version .* reads"),
        ('{"schema_version": 1, "assignment": "p1"}', "those of one submission, perhaps"),
        ('{"kind": "batch"}', "holds no results .*missing required field `schema_version`"),
        ("[]", "holds no results .*Expected `object`"),
        (
            '{"kind": "batch", "schema_version": 1, "state": "finished", "seed": "x"}',
            r"Expected `int .*\$.seed",
        ),
        ("{", "holds no results .*truncated"),
        ("\xff", "holds no results"),
    ],
)
def test_a_file_that_is_something_else_is_refused_in_words(tmp_path, text, why):
    path = tmp_path / "A.json"
    if text is not None:
        path.write_bytes(text.encode("latin-1"))
    with pytest.raises(BatchFileError, match=f"A.json .*{why}"):
        batch.read(path)


# -- the command ----------------------------------------------------------------------------------------


@pytest.fixture
def diff(monkeypatch, capfd, tmp_path):
    """Runs the command on two batches; gives status, stdout and stderr. The width is that of a terminal."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["grader"])

    def run(before: Batch | None = None, after: Batch | None = None, *arguments: str):
        for name, it in zip(NAMES, (before, after), strict=True):
            if it is not None:
                (tmp_path / name).write_bytes(batch.render(it))
        sys.argv[1:] = ["diff", *NAMES, *arguments]
        with pytest.raises(SystemExit) as ended:
            cli.main()
        told = capfd.readouterr()
        return ended.value.code or 0, told.out, told.err

    return run


class Reader(HTMLParser):
    """What a page holds: its tags, its text, and what it refers to."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""
        self.refers: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.refers += [
            name for name, _ in attrs if name in ("src", "href", "style") or name.startswith("on")
        ]

    def handle_data(self, data):
        self.text += data


def of_hostile(points: float) -> Batch:
    it = judged(HOSTILE, points, 4, message=f"{HOSTILE} at {points:g}", mistake=HOSTILE)
    return of({HOSTILE: graded(question(it, id=HOSTILE), problems=[HOSTILE]), HOSTILE * 2: Graded(fault="")})


def test_hostile_names_stay_text_everywhere(diff, tmp_path):
    one, two = of_hostile(3), of_hostile(1)
    two.submissions[1].gradings["p1"] = Graded(fault=HOSTILE)
    status, out, err = diff(one, two, "--html", "page.html", "--json", "changes.json")
    assert (status, err) == (1, "")
    assert "[red]ann[/red]" in out
    assert out.replace("\n", "").isprintable()
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    read = Reader(page)
    assert "script" not in read.tags
    assert read.refers == []
    assert f"after: {CLEAN} at 1" in read.text
    assert f"could not be graded in B.json: {CLEAN}" in read.text
    assert page.replace("\n", "").isprintable()
    written = json.loads((tmp_path / "changes.json").read_text(encoding="utf-8"))
    jsonschema.validate(written, json.loads(schemas()["changes-1.json"]))
    assert written["assignments"][0]["changes"][0]["submission"] == CLEAN


def test_the_tables_on_a_terminal(diff, monkeypatch):
    monkeypatch.setattr("grader.commands.console.WIDTH", 100)
    old = graded(question(judged("test_a", 4, 4), judged("test_b", 6, 6)))
    new = graded(question(judged("test_a", 4, 4), judged("test_b", 0, 6, message="2 of 9 cases differ")))
    before = of({"ann": old, "bob": old, "cid": new, "dan": old})
    status, out, _ = diff(before, of({"ann": new, "bob": new, "cid": None, "dan": old}))
    assert status == 1
    assert [line.rstrip() for line in out.rstrip().splitlines()] == TABLE.splitlines()


def test_nothing_changes_is_status_0(diff, tmp_path):
    it = of({"ann": graded(question(judged("test_a", 4, 4)))})
    status, out, err = diff(it, it, "--html", "page.html")
    assert (status, out, err) == (0, "1 submission, and none changes\n", "")
    assert "none changes" in (tmp_path / "page.html").read_text()


def test_impossible_is_status_2_in_words(diff, tmp_path):
    it = of({"ann": None})
    status, _, err = diff(it)
    assert (status, err) == (2, "error: B.json cannot be read: No such file or directory\n")
    status, _, err = diff(it, it, "--json", "./A.json")
    assert status == 2
    assert "must not name one of the results, nor the same file" in err
    assert diff(it, it, "--json", "x", "--html", "x")[0] == 2
    (tmp_path / "folder").mkdir()
    status, _, err = diff(it, it, "--html", "folder")
    assert (status, err) == (2, "error: folder cannot be written: Is a directory\n")


def test_files_of_one_name_are_told_apart_by_their_folders(diff, tmp_path, monkeypatch):
    it = graded(question(judged("test_a", 4, 4)))
    for folder, batched in (("old", of({"ann": it})), ("new", of({"ann": None}))):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "A.json").write_bytes(batch.render(batched))
    monkeypatch.setattr(sys.modules[__name__], "NAMES", ("old/A.json", "new/A.json"))
    assert "not graded in new/A.json" in " ".join(diff()[1].split())


def test_the_changes_are_written_as_their_schema_says():
    found = compared(graded(question(judged("test_a", 4, 4))), graded(question(judged("test_a", 1, 4))))
    assert msgspec.json.decode(changes.render(found), type=Comparison) == found

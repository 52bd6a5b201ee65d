"""The figures of a class report, each against numbers worked out by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest
from reported import asked, grading, judged, mistake, result, version

from grader.faults import Outcome
from grader.gradebook import statistics, tried
from grader.gradebook.model import Grading, Override, Submission
from grader.gradebook.standings import Standing


def standing(name: str, it: Grading | None = None, **more: Any) -> Standing:
    said: dict[str, Any] = {"assignment": "p1", "grading": it}
    return Standing(submission=Submission(key=name, pseudonym=f"s-{name}"), **(said | more))


def scored(*points: tuple[float, ...], of: float = 10) -> list[Standing]:
    """Submissions by their points in the questions p1.a, p1.b, ..."""
    found = []
    for number, row in enumerate(points):
        questions = [asked(judged(points=own, of=of), id=f"p1.{name}") for own, name in zip(row, "abcd")]  # noqa: B905
        found.append(standing(f"{number}", grading(f"{number}", result(*questions))))
    return found


# -- scores ---------------------------------------------------------------------------------------------


def test_a_distribution_has_quartiles_and_bins_of_a_tenth_each():
    found = statistics.distribution(scored((0,), (2,), (4,), (9,), (10,)))
    assert (found.count, found.lowest, found.highest, found.max_score, found.mean) == (5, 0, 10, 10, 5)
    assert found.quartiles == (2, 4, 9)
    assert [each.count for each in found.bins] == [1, 0, 1, 0, 1, 0, 0, 0, 0, 2]  # 10 of 10 is in the last
    assert (found.bins[2].low, found.bins[2].high) == (2, 3)


def test_one_submission_is_its_own_quartiles():
    assert statistics.distribution(scored((7,))).quartiles == (7, 7, 7)


def test_grades_that_cannot_be_used_are_in_no_figure():
    incomplete = grading("x", result(asked(judged(points=0)), complete=False))
    everybody = [*scored((4,)), standing("x", incomplete), standing("y", grading("y")), standing("z")]
    assert statistics.distribution(everybody).count == 1
    assert [each.count for each in statistics.questions(everybody)] == [1]
    assert statistics.distribution(everybody[1:]) is None
    assert statistics.questions(everybody[1:]) == []


def test_points_count_as_a_person_changed_them_and_beyond_the_maximum_there_is_a_bin():
    given = Override(submission="0", question="p1.a", points=12, reason="r")
    (graded,) = scored((3,))
    found = statistics.distribution([standing("0", graded.grading, overrides={"p1.a": given})])
    assert found.highest == 12
    assert (found.bins[-1].low, found.bins[-1].high, found.bins[-1].count) == (10, 12, 1)
    assert sum(each.count for each in found.bins) == 1
    (question,) = statistics.questions([standing("0", graded.grading, overrides={"p1.a": given})])
    assert question.difficulty == 1.2


# -- questions ------------------------------------------------------------------------------------------


def test_difficulty_is_the_mean_share_and_discrimination_is_corrected():
    rows = [(10, 0, 4), (8, 4, 2), (6, 6, 9), (9, 9, 8), (0, 3, 5), (2, 8, 1)]
    first = statistics.questions(scored(*rows))[0]
    own, rest = [a for a, _, _ in rows], [b + c for _, b, c in rows]
    mean = (sum(own) / 6, sum(rest) / 6)
    above = sum((x - mean[0]) * (y - mean[1]) for x, y in zip(own, rest, strict=True))
    below = sum((x - mean[0]) ** 2 for x in own) * sum((y - mean[1]) ** 2 for y in rest)
    assert first.difficulty == pytest.approx(35 / 60)
    assert first.discrimination == pytest.approx(above / math.sqrt(below))
    assert first.solved == pytest.approx(1 / 6)
    assert first.outcomes == {Outcome.PASSED: 1, Outcome.FAILED: 5}


def test_discrimination_is_not_defined_for_few_submissions_nor_without_variance():
    four = scored((1, 2), (2, 3), (3, 5), (4, 1))
    assert [each.discrimination for each in statistics.questions(four)] == [None, None]
    five = scored((1, 4), (2, 4), (3, 4), (4, 4), (5, 4))
    assert [each.discrimination for each in statistics.questions(five)] == [None, None]
    # 0.3 in sum each time, but not to the last bit
    alike = scored((1, 0.1, 0.2), (2, 0.3, 0), (3, 0.2, 0.1), (4, 0.15, 0.15), (5, 0, 0.3))
    assert statistics.questions(alike)[0].discrimination is None


@pytest.mark.parametrize(
    ("rows", "remark"),
    [
        ([(10, number) for number in range(6)], "everybody has all points"),
        ([(number, 10 - number) for number in range(6)], "nobody has all points"),
        ([(10, 0), (0, 10), (10, 1), (0, 9), (1, 10), (9, 2)], "says little about the rest"),
        ([(10, 10), (9, 9), (2, 1), (0, 0), (5, 6)], ""),
        ([(10, 0), (0, 10)], ""),  # too few to say so
    ],
)
def test_a_question_that_says_little_is_marked(rows, remark):
    assert statistics.questions(scored(*rows))[0].remark == remark


def test_a_gpu_question_is_none_of_the_score():
    bonus = asked(judged(points=0, of=3, device="cuda", outcome=Outcome.NOT_RUN), id="p1.gpu")
    found = [standing("0", grading("0", result(asked(judged()), bonus)))]
    assert [each.id for each in statistics.questions(found)] == ["p1.flow"]


# -- what goes wrong ------------------------------------------------------------------------------------


def wrong(name: str, question: str = "p1.flow", message: str = "2 differ", **more: Any) -> Standing:
    return standing(
        name, grading(name, result(asked(judged(points=0, message=message, **more), id=question)))
    )


def test_known_mistakes_are_counted_by_question_the_most_frequent_first():
    found = statistics.mistakes(
        [
            wrong("a", mistake=mistake("rare")),
            wrong("b", mistake=mistake()),
            wrong("c", mistake=mistake()),
            wrong("d", question="p1.b", mistake=mistake()),
            wrong("e"),
        ]
    )
    assert [(each.name, each.question, len(each.submissions)) for each in found] == [
        ("sum_for_mean", "p1.flow", 2),
        ("rare", "p1.flow", 1),
        ("sum_for_mean", "p1.b", 1),
    ]
    assert [each.key for each in found[0].submissions] == ["b", "c"]
    assert found[0].message == "The gradients are summed."


def test_what_no_mistake_explains_is_told_by_question_and_message():
    found = statistics.unexplained(
        [
            wrong("a", message="3 differ"),
            wrong("b"),
            wrong("c"),
            wrong("d", message="", outcome=Outcome.TIMED_OUT),
            wrong("e", question="p1.b", outcome=Outcome.SUBMISSION_ERROR),
            wrong("f", mistake=mistake()),
            wrong("g", outcome=Outcome.NOT_STARTED),
            wrong("h", outcome=Outcome.GRADER_ERROR),
        ]
    )
    assert [each.question for each in found] == ["p1.flow", "p1.b"]
    said = [(message, [each.key for each in who]) for message, who in found[0].messages]
    assert said == [("2 differ", ["b", "c"]), ("3 differ", ["a"]), ("timed out", ["d"])]
    assert len(found[0].submissions) == 4


# -- what changed, and what cannot be used --------------------------------------------------------------


def test_what_changed_since_another_run_counts_grades():
    def run(**points: float | None) -> list[Standing]:
        graded = {
            name: grading(name, result(asked(judged(points=own)))) if own is not None else grading(name)
            for name, own in points.items()
        }
        return [standing(name, it) for name, it in graded.items()]

    before = run(up=1, down=4, same=2, lost=3, gained=None, gone=1)
    after = run(up=2, down=3, same=2, lost=None, gained=3, new=1)
    found = statistics.since(before, after)
    said = (found.compared, found.up, found.down, found.lost, found.gained, found.new, found.gone)
    assert said == (5, 1, 1, 1, 1, 1, 1)
    assert found.changed == 4
    assert statistics.since(before, before).changed == 0
    other = [standing("a", assignment="p2")]
    assert statistics.since(before, other) == statistics.Since(shared=False)
    assert statistics.since([*before, *other], before) == statistics.since(before, before)


def test_a_bonus_that_came_is_a_change():
    it = grading("a", result(asked(judged())))
    won = judged(points=3, of=3, device="cuda")
    gpu = grading("a", result(asked(won), device="cuda"), version=version(device="cuda"))
    assert statistics.since([standing("a", it)], [standing("a", it, gpu=gpu)]).up == 1


def test_why_a_grade_cannot_be_used_is_said_in_words():
    broken = [judged(), judged("test_b", points=0, outcome=Outcome.GRADER_ERROR, message="it was killed")]
    broken += [judged("test_c", points=0, outcome=Outcome.NOT_RUN, message="not run")]
    incomplete = grading("a", result(asked(*broken), complete=False))
    assert statistics.unusable(standing("a", incomplete)) == "2 of 3 tests were not judged; it was killed"
    assert statistics.unusable(standing("a", grading("a"))) == "the disk is full"
    assert statistics.unusable(standing("a", grading("a", fault=""))) == "could not be graded"
    assert statistics.unusable(standing("a")) == "not graded yet"
    assert statistics.unusable(standing("a", grading("a", result(asked(judged()))))) == ""
    stopped = grading("a", result(asked(judged()), complete=False, problems=["test_b.py cannot be imported"]))
    assert statistics.unusable(standing("a", stopped)) == "test_b.py cannot be imported"
    silent = grading("a", result(asked(judged()), complete=False))
    assert statistics.unusable(standing("a", silent)) == "some tests were not run"


def test_a_bonus_that_is_missing_is_said_too():
    by = version(device="cuda")
    lost = judged(points=0, of=3, device="cuda", outcome=Outcome.GRADER_ERROR)
    assert statistics.bonus_missing(standing("a")) == ""
    told = statistics.bonus_missing(standing("a", gpu=grading("a", version=by)))
    assert told == "GPU questions: the disk is full"
    told = statistics.bonus_missing(standing("a", gpu=grading("a", result(asked(lost)), version=by)))
    assert told == "GPU questions: some tests were not judged"


# -- what is measured of the tests ----------------------------------------------------------------------


def test_the_slowest_tests_are_told_with_whom_they_took_longest():
    everybody = [
        standing(
            f"{number}",
            grading(
                f"{number}",
                result(
                    asked(
                        judged("slow", cpu_seconds=float(number), title="Slow"),
                        judged("quick", cpu_seconds=0.5),
                        judged("never", points=0, outcome=Outcome.NOT_RUN, cpu_seconds=99.0),
                    )
                ),
            ),
        )
        for number in range(1, 22)
    ]
    slow, quick = tried.slowest(everybody)
    assert (slow.assignment, slow.name, slow.title, slow.runs) == ("p1", "slow", "Slow", 21)
    assert (slow.median, slow.high, slow.maximum, slow.slowest.key) == (11, 20, 21, "21")
    assert (quick.name, quick.high) == ("quick", 0.5)
    assert [each.name for each in tried.slowest(everybody, most=1)] == ["slow"]
    (one,) = tried.slowest([standing("a", grading("a", result(asked(judged(cpu_seconds=2.0)))))])
    assert (one.median, one.high, one.maximum) == (2, 2, 2)


def test_tests_on_a_gpu_are_measured_where_they_ran():
    skipped = judged("race", points=0, of=3, device="cuda", outcome=Outcome.NOT_RUN)
    ran = judged("race", points=3, of=3, device="cuda", cpu_seconds=7.0)
    gpu = grading("a", result(asked(ran), device="cuda"), version=version(device="cuda"))
    (found,) = tried.slowest([standing("a", grading("a", result(asked(skipped))), gpu=gpu)])
    assert (found.name, found.median) == ("race", 7)


def ended(name: str, *ends: tuple[str, float], digest: str = "d", **more: Any) -> Grading:
    tests = [judged(test, points=points, title=test.title()) for test, points in ends]
    return grading(name, result(asked(*tests)), version=version(digest=digest), **more)


def test_a_test_that_ends_differently_with_the_same_files_is_flaky():
    found = tried.steadiness(
        [
            ended("a", ("x", 4), ("y", 4)),
            ended("b", ("x", 4), ("y", 4)),
            ended("a", ("x", 0), ("y", 4)),
            ended("a", ("x", 4), ("y", 4)),
            ended("b", ("x", 4), ("y", 0), digest="other"),
        ]
    )
    assert (found.same_version, found.other_version, found.comparisons) == (2, 1, 6)
    x, y = found.tests
    assert (x.name, x.title, x.comparisons, x.same_version, x.other_version) == ("x", "X", 3, 2, 0)
    assert (x.ways, x.submissions) == (["passed, then failed", "failed, then passed"], ["a"])
    assert (y.name, y.same_version, y.other_version, y.submissions) == ("y", 0, 1, ["b"])


def test_points_tell_under_the_same_version_only():
    first, second = ended("a", ("x", 3)), ended("a", ("x", 2))
    (found,) = tried.steadiness([first, second]).tests
    assert found.ways == ["3 points, then 2"]
    assert tried.steadiness([first, ended("a", ("x", 2), digest="other")]).tests == []


def test_other_files_faults_and_tests_that_were_not_run_are_not_compared():
    unrun = asked(judged("x", points=0, outcome=Outcome.NOT_RUN))
    idle = grading("a", result(unrun), version=version(digest="d"))
    found = tried.steadiness(
        [
            ended("a", ("x", 4)),
            ended("a", ("x", 0), identity="other files"),
            grading("a"),
            idle,
            ended("b", ("x", 4)),
        ]
    )
    assert (found.same_version, found.comparisons, found.tests) == (1, 0, [])
    assert tried.steadiness([]) == tried.Steadiness(0, 0, 0, [])

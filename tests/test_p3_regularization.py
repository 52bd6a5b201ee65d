"""Content of p3's first half: answers right, wrong and thoughtless.

Films that are augmented or trained on take longer: test_p3_regularization_long.py.
"""

from __future__ import annotations

import itertools
import math
from functools import cache

import numpy as np
import pytest
from local import Half, handout_faults
from p3_regularization_answers import REWRITES, THOUGHTLESS

from grader.lint import lint_file

pytestmark = pytest.mark.timeout(120)

POINTS = {
    "p3.smoothing": 6.0,
    "p3.splits": 8.0,
    "p3.diagnose": 8.0,
    "p3.mixup": 5.0,
    "p3.calibration": 6.0,
    "p3.augment": 10.0,
    "p3.strategy": 4.0,
    "p3.generalise": 11.0,
}
GATED = ("test_hospital_e", "test_hospital_e_in_public")
TRAINED = (*GATED, "test_train_form", "test_train_is_pure")
LONG = {"p3.augment", "p3.generalise"}


@cache
def half() -> Half:
    return Half("p3", "regularization")


QUICK_MISTAKES = sorted(name for name, known in half().mistakes.items() if not LONG & set(known.questions))
DEPLOY_MISTAKES = sorted(name for name in half().mistakes if name.startswith("deploy_"))


# ---- Points, handout, house rules


def test_points_of_each_question() -> None:
    assert half().max_points == POINTS


def test_the_handout_has_every_question() -> None:
    assert handout_faults(half()) == []


@pytest.mark.parametrize(
    "path", sorted(half().folder.glob("test_*regularization*.py")), ids=lambda path: path.stem
)
def test_the_tests_keep_the_house_rules(path) -> None:
    assert lint_file(path) == []


def test_the_handout_does_not_tell_what_misleads() -> None:
    text = (half().folder / "README.md").read_text(encoding="utf-8").split("## Part 2")[0].lower()
    for told in ("tag", "corner", "top row", "scanner's mark", "white square", "mask the"):
        assert f" {told}" not in text


def test_the_words_are_the_same_everywhere() -> None:
    films = (half().reference_folder / "films.py").read_text(encoding="utf-8")
    namespace: dict[str, object] = {}
    exec(compile(films.split("# ---- Words")[1].split("\n", 1)[1], "<words>", "exec"), namespace)
    public = next(test for test in half().tests if test.function.__name__ == "test_strategy_form")
    hidden = next(test for test in half().tests if test.function.__name__ == "test_strategy")
    assert set(namespace["TECHNIQUES"]) == public.function.__globals__["TECHNIQUES"]
    assert set(namespace["EFFECTS"]) == public.function.__globals__["EFFECTS"]
    assert set(hidden.function.__globals__["STRATEGY"]) < set(namespace["TECHNIQUES"])
    for words in ("KINDS", "TECHNIQUES", "EFFECTS"):
        assert list(namespace[words]) == sorted(namespace[words]), "their order must give nothing away"


# ---- Right, wrong and thoughtless answers


@pytest.mark.slow  # `tox` has `grader regress` ask it with one seed
@pytest.mark.parametrize("seed", [20, 21])
def test_the_reference_loses_nothing(seed: int) -> None:
    assert half().lost(half().submission(), *(set(POINTS) - LONG), seed=seed) == {}


@pytest.mark.parametrize("name", QUICK_MISTAKES)
def test_a_known_mistake_loses_its_questions(name: str) -> None:
    known = half().mistakes[name].questions
    assert set(half().lost(half().planted(name), *known)) == set(known)


@pytest.mark.parametrize("name", DEPLOY_MISTAKES)
def test_a_mistake_of_deploy_loses_points(name: str) -> None:
    assert set(half().lost(half().planted(name), "p3.generalise", without=TRAINED)) == {"p3.generalise"}


@pytest.mark.parametrize(
    "name",
    ["best_epoch_by_training_loss", "smoothing_over_the_others", "ten_bins", "deploy_by_random_validation"],
)
def test_a_mistake_is_named(name: str) -> None:
    question = half().mistakes[name].questions[0]
    assert half().named(half().planted(name), question, without=TRAINED) == {name}


@pytest.mark.parametrize("seed", [20, 21])
@pytest.mark.parametrize("name", REWRITES)
def test_a_right_answer_in_another_style_loses_nothing(name: str, seed: int) -> None:
    question, text = REWRITES[name]
    submission = half().submission(regularization=text)
    assert half().lost(submission, question, seed=seed, without=TRAINED) == {}


@pytest.mark.parametrize(
    "name", [name for name, (question, _) in THOUGHTLESS.items() if question not in LONG]
)
def test_a_thoughtless_answer_earns_nothing(name: str) -> None:
    question, text = THOUGHTLESS[name]
    assert half().points(half().submission(regularization=text), question) == {question: 0.0}


@pytest.mark.parametrize("kind", ["diverging", "healthy", "leak", "overfit", "underfit", "", None])
def test_one_kind_for_all_histories_earns_nothing(kind: str | None) -> None:
    text = f"""
def diagnose(history, num_classes):
    return {{"kind": {kind!r}, "best_epoch": 10, "gap": 0.0, "chance_loss": 1.0}}
"""
    assert half().points(half().submission(regularization=text), "p3.diagnose") == {"p3.diagnose": 0.0}


def test_kinds_alone_earn_their_share() -> None:
    text = """
_right = diagnose


def diagnose(history, num_classes):
    answer = _right(history, num_classes)
    kind = "healthy" if answer["kind"] == "leak" else answer["kind"]
    return answer | {"best_epoch": 0, "gap": 9.0, "kind": kind}
"""
    verdicts = half().verdicts(half().submission(regularization=text), ["p3.diagnose"])
    shares = {each.plan.test.split("::")[1]: each.result.share for each in verdicts}
    assert shares["test_diagnose_kinds_random"] == pytest.approx((32 - 8) / 40)
    assert shares["test_diagnose_figures_random"] == 0.0


# ---- p3.strategy


def strategy_share(strategy: dict[str, tuple[float | bool, str]]) -> float:
    """What the hidden test pays for a strategy."""
    test = next(test for test in half().tests if test.function.__name__ == "test_strategy")
    return test.function.__globals__["strategy_share"](strategy)


def words() -> tuple[set[str], set[str]]:
    """Techniques and effects."""
    names = next(
        test for test in half().tests if test.function.__name__ == "test_strategy_form"
    ).function.__globals__
    return names["TECHNIQUES"], names["EFFECTS"]


def test_no_constant_strategy_earns_anything() -> None:
    techniques, effects = words()
    settings = (True, False, 0.0, 1e-3, 0.01, 0.1, 0.5, 1.0, 3, 5, 10, 50, 1000, math.nan)
    assert strategy_share({}) == 0.0
    for setting, effect in itertools.product(settings, effects):
        assert strategy_share(dict.fromkeys(techniques, (setting, effect))) == 0.0


@pytest.mark.parametrize(
    ("strategy", "share"),
    [
        ({"dropout": (0.5, "restrains_weights")}, 2 / 8),
        ({"dropout": (0.5, "new_inputs"), "mixup": (0.2, "new_inputs")}, 2 / 8),
        ({"dropout": (0.5, "restrains_weights"), "mirror": (True, "new_inputs")}, 0.0),
        (
            {
                "dropout": (np.float32(0.1), "restrains_weights"),
                "augmentation": (np.array(True), "new_inputs"),
            },
            4 / 8,
        ),
        ({"dropout": (True, "restrains_weights"), "pretrained": (1.0, "keeps_good_weights")}, 0.0),
    ],
)
def test_a_strategy_earns_its_share(strategy, share: float) -> None:
    assert strategy_share(strategy) == pytest.approx(share)


def test_a_half_right_strategy_earns_half_the_points() -> None:
    text = 'STRATEGY = {"dropout": (0.5, "restrains_weights"), "early_stopping": (5, "keeps_good_weights")}'
    assert half().points(half().submission(regularization=text), "p3.strategy") == {"p3.strategy": 2.0}

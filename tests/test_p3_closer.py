"""What p3 looks at where a training misses its mark, and the names that its signatures give for that."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from local import Half

from grader.beside import beside
from grader.datasets import hospitals
from grader.faults import Mismatch, Outcome, SubmissionFault

pytestmark = pytest.mark.timeout(120)

HALF = Half("p3", "regularization")
FILMS = {0: 20, 1: 20, 2: 20, 3: 10}


def module(name: str) -> Any:
    """A module beside the tests of p3."""
    return beside(str(HALF.folder / "measure.py"), name)


def named(**watched: Any) -> set[str]:
    """The mistakes of p3.generalise whose signature a watched training bears."""
    signatures = module("signatures")
    return {
        name
        for name, known in HALF.mistakes.items()
        if "p3.generalise" in known.questions
        and getattr(signatures, name, lambda _: False)({"watched": watched})
    }


# A training on the films as they are whose network reads the mark.
PLAIN: dict[str, Any] = {
    "fits": 1,
    "films": 1600,
    "as_they_are": 1.0,
    "hospitals": [0, 1, 2, 3],
    "augments": 0.0,
    "dropout": 0.0,
    "right": 0.99,
    "right_as_fitted": 0.99,
    "marked": 0.46,
    "moved": 0.0,
    "changed": 0.0,
}
INTENSITY = PLAIN | {"augments": 1.0, "changed": 0.09, "moved": 0.008}
OUTSIDE = PLAIN | {"as_they_are": 0.0, "hospitals": [], "right": 0.17, "right_as_fitted": 0.87, "marked": 0.1}


def test_what_a_training_is_made_of_gives_it_its_name() -> None:
    assert named(**PLAIN) == {"plain_training"}
    assert named(**PLAIN | {"dropout": 0.5}) == {"dropout_and_decay"}
    assert named(**INTENSITY) == {"scanners_imitated_by_intensity"}
    assert named(**INTENSITY | {"dropout": 0.3}) == {"scanners_imitated_by_intensity"}
    assert named(**PLAIN | {"hospitals": [3], "films": 100, "right": 0.5}) == {"one_hospital_only"}
    assert named(**OUTSIDE) == {"standardised_outside"}


@pytest.mark.parametrize(
    "watched",
    [
        {},
        {"fits": 0, "dropout": 0.0, "right": 0.99, "marked": 0.46, "moved": 0.0, "changed": 0.0},
        PLAIN | {"marked": 0.1},
        PLAIN | {"fits": 2},
        PLAIN | {"as_they_are": 0.5},
        PLAIN | {"hospitals": [0, 1, 2]},
        INTENSITY | {"moved": 0.5},
        INTENSITY | {"changed": 0.0},
        OUTSIDE | {"right": 0.8},
        OUTSIDE | {"right_as_fitted": 0.3, "right": 0.1},
    ],
)
def test_a_training_of_another_kind_gets_no_name(watched: dict[str, Any]) -> None:
    assert named(**watched) == set()


# ---- What a training is seen to be made of


@pytest.mark.parametrize(
    ("name", "made_of"),
    [
        ("reference", {}),
        ("plain_training", {}),
        ("dropout_and_decay", {"dropout": 0.5}),
        ("scanners_imitated_by_intensity", {"augments": 1.0}),
        ("one_hospital_only", {"hospitals": [3], "films": 10}),
        ("standardised_outside", {"as_they_are": 0.0, "hospitals": []}),
        ("training_films_blanked", {"as_they_are": 0.0, "hospitals": []}),
    ],
)
def test_a_training_is_watched(name: str, made_of: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """On few films: the settings of given.fit, and what became of the films before."""
    closer = module("closer")
    monkeypatch.setattr(hospitals, "TRAINING", FILMS)
    monkeypatch.setattr(closer, "EXCHANGED", 20)
    folder = HALF.submission() if name == "reference" else HALF.planted(name)
    student, bench = HALF.subject(folder, "p3.generalise"), HALF.run(folder).bench
    figures = np.full((3, 1, 28, 28), 0.2, np.float32)
    figures[:, :, 6:20, 8:12] = 0.8
    seen = closer.at_films(student, bench, np.random.default_rng(4), figures)["watched"]
    assert seen["fits"] == 1
    plain = {"as_they_are": 1.0, "hospitals": [0, 1, 2, 3], "films": 70, "augments": 0.0, "dropout": 0.0}
    assert {key: seen[key] for key in plain} == plain | made_of
    assert (seen["changed"] > 0.01) == (seen["augments"] > 0.0)
    assert seen["moved"] < 0.04
    # The module trains by itself afterwards, and is not watched.
    known = hospitals.films(FILMS, 5)
    assert student.run(bench.hospital_trained, *known, seed=1) is True


def test_a_loop_of_ones_own_is_not_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    closer = module("closer")
    monkeypatch.setattr(hospitals, "TRAINING", FILMS)
    monkeypatch.setattr(closer, "EXCHANGED", 20)
    folder = HALF.submission(
        regularization="def train(images, labels, hospitals, seed):\n    return SmallCNN(dropout=0.25)"
    )
    student, bench = HALF.subject(folder, "p3.generalise"), HALF.run(folder).bench
    figures = np.zeros((2, 1, 28, 28), np.float32)
    seen = closer.at_films(student, bench, np.random.default_rng(4), figures)["watched"]
    assert (seen["fits"], seen["dropout"], seen["changed"]) == (0, 0.25, 0.0)
    assert named(**seen) == set()


def test_logits_of_another_shape_are_no_evidence(monkeypatch: pytest.MonkeyPatch) -> None:
    closer = module("closer")
    monkeypatch.setattr(hospitals, "TRAINING", FILMS)
    monkeypatch.setattr(closer, "EXCHANGED", 20)
    answer = ({"fits": 1}, np.zeros((3, 4)), np.zeros((1, 2)))
    student = SimpleNamespace(run=lambda *_, **__: answer)
    bench = SimpleNamespace(training_watched=None)
    seen = closer.at_films(student, bench, np.random.default_rng(4), np.zeros((2, 1, 28, 28), np.float32))
    assert seen == {"watched": {"fits": 1, "marked": 0.0, "moved": 0.0, "changed": 0.0}}


# ---- Looking


def test_nobody_looks_closer_at_what_passes() -> None:
    student = SimpleNamespace(evidence=[])
    with module("closer").closer_look(student, lambda: pytest.fail("looked")):
        pass
    assert student.evidence == []


def test_a_closer_look_leaves_the_failure_as_it_was() -> None:
    student = SimpleNamespace(evidence=[{"accuracy": 0.5}])
    failure = Mismatch("below the mark")
    with (
        pytest.raises(Mismatch) as raised,
        module("closer").closer_look(student, lambda: {"upside_down": 0.7}),
    ):
        raise failure
    assert raised.value is failure
    assert student.evidence == [{"accuracy": 0.5}, {"upside_down": 0.7}]


def test_a_submission_that_fails_when_it_is_looked_at_has_failed_as_before() -> None:
    student = SimpleNamespace(evidence=[])

    def look() -> dict[str, Any]:
        raise SubmissionFault(Outcome.TIMED_OUT, "stopped")

    with pytest.raises(Mismatch, match="below the mark"), module("closer").closer_look(student, look):
        raise Mismatch("below the mark")
    assert student.evidence == []


def test_what_stopped_a_training_is_not_looked_at() -> None:
    student = SimpleNamespace(evidence=[])
    with (
        pytest.raises(SubmissionFault),
        module("closer").closer_look(student, lambda: pytest.fail("looked")),
    ):
        raise SubmissionFault(Outcome.TIMED_OUT, "stopped")

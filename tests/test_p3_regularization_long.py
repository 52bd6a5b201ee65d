"""Content of p3's first half, the long part: films that are augmented, networks that are trained."""

from __future__ import annotations

import numpy as np
import pytest
from p3_regularization_answers import AUGMENTATIONS, THOUGHTLESS, TRAININGS
from test_p3_regularization import GATED, LONG, POINTS, half

from grader.gate_file import load_gates
from grader.gates import run_measure
from grader.launch import Allowance
from grader.run import STUDENT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

MISTAKES = sorted(half().mistakes)
GATE = "p3.generalise"
SEEDS = range(10)
# Mistakes of train that only a full training run shows.
FULL_RUN = {*half().config.gates[GATE].wrong, "standardised_outside"}


def figures(folder, seeds) -> list[float]:
    """Accuracy on hospital E of a submission, for each seed."""
    from local import connect

    run = half().run(folder)
    found = []
    for seed in seeds:
        subject = run.subject(STUDENT, GATE, "long", Allowance(), connect)
        found.append(run_measure(run.measures.hospital_e, subject, run.bench, seed).figure)
    return found


@pytest.mark.parametrize("name", sorted(set(MISTAKES) - FULL_RUN))
def test_a_known_mistake_loses_its_questions_and_no_other(name: str) -> None:
    lost = half().lost(half().planted(name), *POINTS, without=GATED)
    assert set(lost) == set(half().mistakes[name].questions)


@pytest.mark.parametrize("name", sorted(FULL_RUN))
def test_a_wrong_training_stays_below_the_mark(name: str) -> None:
    threshold = load_gates(half().config.gates_path)[GATE].threshold
    assert max(figures(half().planted(name), range(2))) < threshold - 0.03


def names_of(folder, seed) -> set[str]:
    """The mistakes whose signature a closer look at a training bears."""
    test = next(test for test in half().tests if test.function.__name__ == "test_hospital_e")
    closer, ells = (test.function.__globals__[name] for name in ("CLOSER", "ells"))
    run, rng = half().run(folder), np.random.default_rng(seed)
    evidence = closer.at_films(half().subject(folder, GATE), run.bench, rng, ells(100, rng))
    return {name for name in MISTAKES if getattr(run.signatures, name, lambda _: False)(evidence)}


@pytest.mark.parametrize("name", sorted(FULL_RUN))
def test_a_wrong_training_is_named_from_a_closer_look(name: str) -> None:
    assert [names_of(half().planted(name), seed) for seed in range(3)] == [{name}] * 3


@pytest.mark.parametrize("name", [None, *TRAININGS])
def test_a_right_training_bears_no_mistakes_signature(name: str | None) -> None:
    folder = half().submission(regularization=TRAININGS[name]) if name else half().submission()
    assert [names_of(folder, seed) for seed in range(2)] == [set()] * 2


@pytest.mark.parametrize("seed", [20, 21])
def test_the_reference_loses_nothing(seed: int) -> None:
    assert half().lost(half().submission(), *LONG, seed=seed, without=GATED) == {}


@pytest.mark.parametrize("seed", [20, 21])
@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_another_augmentation_loses_nothing(name: str, seed: int) -> None:
    assert half().lost(half().submission(regularization=AUGMENTATIONS[name]), "p3.augment", seed=seed) == {}


@pytest.mark.parametrize("name", TRAININGS)
def test_another_training_passes_on_ten_seeds(name: str) -> None:
    record = load_gates(half().config.gates_path)[GATE]
    folder = half().submission(regularization=TRAININGS[name])
    found = figures(folder, SEEDS)
    print(name, np.round(found, 3), f"mean {np.mean(found):.3f}")
    assert min(found) >= record.threshold
    assert half().lost(folder, GATE, without=GATED) == {}


@pytest.mark.parametrize("name", [name for name, (question, _) in THOUGHTLESS.items() if question in LONG])
def test_a_thoughtless_answer_earns_nothing(name: str) -> None:
    question, text = THOUGHTLESS[name]
    folder = half().submission(regularization=text)
    assert half().points(folder, question, without=GATED) == {question: 0.0}

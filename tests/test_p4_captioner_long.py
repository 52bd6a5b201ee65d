"""Content of p4.train, the long part: whole trainings, right and wrong, held against the gate."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from local import connect
from p4_captioner_answers import REWRITES
from test_p4_captioner import GATED, POINTS, SEEN_AT_ONCE, half

from grader.gate_file import load_gates
from grader.gates import run_measure
from grader.launch import Allowance
from grader.measured import Measured
from grader.run import STUDENT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

GATE = "p4.train"
# What only a whole training shows.
TRAINED_WRONG = sorted(set(half().mistakes) - set(SEEN_AT_ONCE))
# A caption that is right for a model with sound habits, whatever a short test says of them.
PASS_THE_GATE = {"batch_first_forgotten", "noise_added_in_place", "padded_after_eos", "sampled_words"}
PASS_THE_GATE |= {"seed_ignored", "words_not_looked_at"}


@cache
def threshold() -> float:
    return load_gates(half().config.gates_path)[GATE].threshold


def measured(folder: Path, seed: int) -> Measured:
    """A whole run of the gate's measure, on one seed."""
    run = half().run(folder)
    subject = run.subject(STUDENT, GATE, "long", Allowance(), connect)
    return run_measure(run.measures.exact_match, subject, run.bench, seed)


def names_of(evidence: dict[str, object]) -> set[str]:
    """The mistakes whose signature the evidence of a run bears."""
    signatures = half().run(half().submission()).signatures
    return {name for name in half().mistakes if getattr(signatures, name)(evidence)}


@pytest.mark.parametrize("name", TRAINED_WRONG)
def test_a_wrong_training_stays_below_the_mark_and_is_named(name: str) -> None:
    for seed in range(2):
        run = measured(half().planted(name), seed)
        assert run.figure < threshold() - 0.05
        assert names_of(run.evidence) == {name}


@pytest.mark.parametrize("name", sorted(set(SEEN_AT_ONCE) - PASS_THE_GATE))
def test_a_mistake_seen_at_once_fails_the_gate_too(name: str) -> None:
    run = measured(half().planted(name), 0)
    assert run.figure < threshold() - 0.05
    assert names_of(run.evidence) <= {name}


@pytest.mark.parametrize("name", TRAINED_WRONG)
def test_a_wrong_training_loses_nothing_but_the_gates(name: str) -> None:
    """Decoder and decode are right: their points are earned."""
    assert half().lost(half().planted(name), *POINTS, without=GATED) == {}


def test_the_reference_bears_no_mistakes_name() -> None:
    for seed in range(3):
        assert names_of(measured(half().submission(), seed).evidence) == set()


@pytest.mark.parametrize("seed", [21, 22])
@pytest.mark.parametrize("name", ["reference", *sorted(REWRITES)])
def test_right_answers_lose_nothing_on_other_seeds(name: str, seed: int) -> None:
    folder = half().submission(captioner=REWRITES.get(name, ""))
    assert half().lost(folder, *POINTS, seed=seed, without=GATED) == {}


@pytest.mark.parametrize("name", sorted(REWRITES))
def test_a_right_answer_in_another_style_passes_the_gate(name: str) -> None:
    found = [measured(half().submission(captioner=REWRITES[name]), seed).figure for seed in range(3)]
    print(name, np.round(found, 3))
    assert min(found) >= threshold()


def test_the_loss_of_the_worst_is_the_lowest() -> None:
    """What the handout says: copying has a lower loss than captioning, at the same number of steps."""
    texts = {name: half().mistakes[name].source for name in ("no_causal_mask", "no_shift")}
    ends = {
        name: measured(half().submission(captioner=text.replace("120", "400")), 0).evidence["losses"][-20:]
        for name, text in texts.items()
    }
    right = measured(half().submission(), 0).evidence["losses"][-20:]
    assert all(np.mean(end) < 0.6 * np.mean(right) for end in ends.values())

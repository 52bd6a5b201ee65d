"""Content of p4.train: what short trainings show. Whole trainings stand in test_p4_captioner_long.py."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from local import Half, handout_faults
from p4_captioner_answers import REWRITES, THOUGHTLESS
from test_answers_of_another_shape import cut_off, reshaped, wrapped

from grader.datasets.scenes import BOS, EOS, LENGTH, PAD, WORDS
from grader.lint import lint_file
from grader.subject import Subject
from grader.worker import messages

pytestmark = [pytest.mark.timeout(120), pytest.mark.slow]

POINTS = {"p4.train": 8.0}
GATED = ("test_new_scenes", "test_new_scenes_in_public")
# Mistakes that a short training shows, and the test that names them.
SEEN_AT_ONCE = {
    "batch_first_forgotten": "test_what_a_word_depends_on",
    "begun_with_padding": "test_captioner_form",
    "captions_without_bos": "test_captioner_form",
    "decoded_in_one_pass": "test_greedy_decoding",
    "first_position_read": "test_greedy_decoding",
    "mask_inverted": "test_no_word_looks_ahead",
    "mask_one_too_late": "test_no_word_looks_ahead",
    "no_causal_mask": "test_no_word_looks_ahead",
    "no_cross_attention": "test_no_word_looks_ahead",
    "noise_added_in_place": "test_train_is_pure",
    "one_image_for_all": "test_greedy_decoding",
    "one_word_too_few": "test_captioner_form",
    "padded_after_eos": "test_greedy_decoding",
    "sampled_words": "test_greedy_decoding",
    "seed_ignored": "test_train_is_pure",
    "words_not_looked_at": "test_no_word_looks_ahead",
}


@cache
def half() -> Half:
    return Half("p4", "captioner")


# ---- Points, handout, house rules


def test_points_of_each_question() -> None:
    assert half().max_points == POINTS


def test_the_handout_has_every_question() -> None:
    assert handout_faults(half()) == []


@pytest.mark.parametrize(
    "path", sorted(half().folder.glob("test_*captioner*.py")), ids=lambda path: path.stem
)
def test_the_tests_keep_the_house_rules(path) -> None:
    assert lint_file(path) == []


def test_the_shell_and_the_scenes_agree() -> None:
    names: dict[str, object] = {}
    text = (half().reference_folder / "shell.py").read_text(encoding="utf-8")
    exec(compile(text, "shell.py", "exec"), names)
    assert (names["PAD"], names["BOS"], names["EOS"]) == (PAD, BOS, EOS)
    assert (names["VOCABULARY"], names["LENGTH"]) == (len(WORDS), LENGTH)


def test_every_mistake_has_a_message_of_its_own() -> None:
    messages = [known.message for known in half().mistakes.values()]
    assert len(set(messages)) == len(messages)
    assert SEEN_AT_ONCE.keys() < half().mistakes.keys()


# ---- Right, wrong and thoughtless answers


@pytest.mark.parametrize("seed", [20, 21])
def test_the_reference_loses_nothing(seed: int) -> None:
    assert half().lost(half().submission(), *POINTS, seed=seed, without=GATED) == {}


@pytest.mark.parametrize("name", sorted(SEEN_AT_ONCE))
def test_a_known_mistake_loses_points_and_is_named(name: str) -> None:
    folder, others = half().planted(name), {test.function.__name__ for test in half().tests}
    without = tuple(others - {SEEN_AT_ONCE[name]})
    assert set(half().lost(folder, *POINTS, without=without)) == set(POINTS)
    assert half().named(folder, *POINTS, without=without) == {name}


@pytest.mark.parametrize("name", sorted(REWRITES))
def test_a_right_answer_in_another_style_loses_nothing(name: str) -> None:
    assert half().lost(half().submission(captioner=REWRITES[name]), *POINTS, without=GATED) == {}


@pytest.mark.parametrize("name", sorted(THOUGHTLESS))
def test_a_thoughtless_answer_earns_nothing(name: str) -> None:
    submission = half().submission(captioner=THOUGHTLESS[name])
    assert half().points(submission, *POINTS, without=GATED) == {"p4.train": 0.0}


@pytest.mark.slow
@pytest.mark.parametrize("change", [cut_off, wrapped])
def test_an_answer_of_another_shape_is_never_an_error_of_the_grader(change: Any, monkeypatch: Any) -> None:
    """Neither of a test, the gate's measure included, nor of a signature."""
    original = Subject._exchange

    def exchange(self: Subject, message: Any, buffers: list[memoryview], what: str) -> Any:
        value = original(self, message, buffers, what)
        return value if isinstance(message, messages.Load) else reshaped(value, change)

    monkeypatch.setattr(Subject, "_exchange", exchange)
    hasty = """
_patient = train


def train(images, captions, seed, steps=2): return _patient(images, captions, seed, steps)
"""
    run = half().run(half().submission(captioner=hasty))
    for test in half().tests:
        verdict = half().judge(run, test)
        assert verdict.student is not None
        for evidence in verdict.student.evidence:
            for name in half().mistakes:
                getattr(run.signatures, name)(evidence)

"""Content of p3's second half: points, handout, closed questions, forecasts, given code, experiments."""

from __future__ import annotations

import importlib
import itertools
import math
import sys
from collections.abc import Callable, Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from local import Half, handout_faults

from grader.beside import beside
from grader.datasets.digits import bitmaps
from grader.faults import Mismatch
from grader.lint import lint_file

pytestmark = pytest.mark.timeout(120)

HALF = Half("p3", "overfitting")
POINTS = {
    "p3.rank": 6,
    "p3.impact": 4,
    "p3.early_stopping": 10,
    "p3.freeze": 8,
    "p3.predict": 7,
    "p3.recipe": 7,
}
# Trainings of seconds: the slow tests have those that `grader calibrate` does not.
LONG = (
    "test_recipe_accuracy",
    "test_recipe_accuracy_in_public",
    "test_forecast_of_the_recipe",
    "test_recipe_returns_the_best_epoch",
    "test_recipe_follows_its_seed",
    "test_recipe_only_looks_at_the_validation",
)


def graded(name: str) -> Callable[..., None]:
    """A graded test function of this half."""
    return next(test.function for test in HALF.tests if test.function.__name__ == name)


def load(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A file of the reference, with the files beside it in reach."""
    for module in ("given", "overfitting", "experiment", "films", "regularization"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.syspath_prepend(str(HALF.reference_folder))
    return importlib.import_module(name)


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    yield load("given", monkeypatch)
    forget()


@pytest.fixture
def solution(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    yield load("overfitting", monkeypatch)
    forget()


@pytest.fixture
def experiment(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    yield load("experiment", monkeypatch)
    forget()


def forget() -> None:
    for module in ("given", "overfitting", "experiment"):
        sys.modules.pop(module, None)


# ---- Points and handout


def test_points_add_up() -> None:
    assert HALF.max_points == POINTS


def test_the_handout_asks_every_question() -> None:
    assert handout_faults(HALF) == []


@pytest.mark.parametrize(
    "path", sorted(HALF.folder.glob("test_*overfitting*.py")), ids=lambda path: path.stem
)
def test_the_tests_keep_the_house_rules(path: Any) -> None:
    assert lint_file(path) == []


def test_the_lists_of_words_are_the_same_everywhere(solution: ModuleType) -> None:
    public = graded("test_impact_form").__globals__
    runs = graded("test_forecast_of_the_order").__globals__
    assert set(solution.INTERVENTIONS) == public["INTERVENTIONS"] == set(solution.IMPACT)
    assert set(solution.IMPACTS) == public["IMPACTS"]
    assert set(solution.CHANGES) == public["CHANGES"] == set(runs["CHANGES"])
    assert list(solution.INTERVENTIONS) == sorted(solution.INTERVENTIONS)
    assert list(solution.CHANGES) == sorted(solution.CHANGES)


@pytest.mark.slow  # `tox` has `grader regress` ask it with one seed
@pytest.mark.parametrize("seed", [20, 21])
def test_the_reference_loses_nothing(seed: int) -> None:
    assert HALF.lost(HALF.submission(), seed=seed, without=LONG) == {}


# ---- p3.impact


def share(name: str, module: SimpleNamespace, **fixtures: Any) -> float:
    """What a test pays to a module that exists in this process only."""
    test = graded(name)
    wanted = test.__code__.co_varnames[: test.__code__.co_argcount]
    student = SimpleNamespace(overfitting=module, **fixtures.pop("student", {}))
    try:
        test(**{"student": student} | {key: value for key, value in fixtures.items() if key in wanted})
    except Mismatch as mismatch:
        return mismatch.share
    return 1.0


def test_the_key_of_the_impacts_follows_from_the_shipped_runs(solution: ModuleType) -> None:
    assert graded("test_impact").__globals__["impacts"]() == solution.IMPACT


def test_a_constant_impact_earns_nothing(solution: ModuleType) -> None:
    for impact in solution.IMPACTS:
        constant = dict.fromkeys(solution.INTERVENTIONS, impact)
        assert share("test_impact", SimpleNamespace(IMPACT=constant)) == 0.0
    assert share("test_impact", SimpleNamespace(IMPACT={})) == 0.0


def test_half_of_the_impacts_earn_half(solution: ModuleType) -> None:
    half = dict(list(solution.IMPACT.items())[:5])
    assert share("test_impact", SimpleNamespace(IMPACT=half)) == pytest.approx(0.5)


# ---- p3.predict


def test_only_pairs_that_the_runs_separate_decide_the_order(solution: ModuleType) -> None:
    best = ["with_800_images", "turns_alone"]
    for rest in itertools.permutations(["sixteen_features", "thirty_percent_wrong", "upside_down"]):
        said = SimpleNamespace(PREDICTION={"order": [*best, *rest]})
        assert share("test_forecast_of_the_order", said) == 1.0


def test_an_order_without_thought_earns_nothing(solution: ModuleType) -> None:
    for order in (list(solution.CHANGES), sorted(solution.CHANGES), solution.PREDICTION["order"][::-1]):
        assert share("test_forecast_of_the_order", SimpleNamespace(PREDICTION={"order": order})) == 0.0
    for order in (None, [], ["turns_alone"] * 5, [1, 2, 3, 4, 5]):
        assert share("test_forecast_of_the_order", SimpleNamespace(PREDICTION={"order": order})) == 0.0


class Recipe:
    """A recipe of known outcome: this accuracy, this gap, this training loss, this best epoch."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, accuracy: float = 0.8, gap: float = 0.14, typed: float = 0.0
    ) -> None:
        # The very module that the test uses: another test may have had it imported anew.
        measures = graded("test_forecast_of_the_recipe").__globals__["MEASURE"]
        draw = measures.noisy_task
        self.accuracy, self.gap, self.typed = accuracy, gap, typed
        # By what is shown: the right labels, and the share of them that is answered.
        self.known: dict[bytes, tuple[np.ndarray[Any, Any], float]] = {}

        def noted(seed: int) -> Any:
            task, truth = draw(seed)
            for images, labels, share in (
                (task["tests"], truth, self.accuracy),
                (task["images"], task["labels"], 0.9),
                (task["val_images"], task["val_labels"], 0.9 - self.gap),
            ):
                self.known[images.tobytes()] = labels, share
            return task, truth

        monkeypatch.setattr(measures, "noisy_task", noted)

    def run(self, bench: str, *tests: Any, **task: Any) -> Any:
        if bench == "sound_stopping":
            return True
        if bench == "recipe_trained":
            assert "tests" not in task
            right = 0.9 - self.gap
            # Of logits that are 1 for the answer and 0 for the other nine.
            least = math.log(math.e + 9) - right
            row = {"train_loss": 0.3, "train_acc": 0.9 - self.typed, "val_loss": least, "val_acc": right}
            return [row | {"val_loss": least + (59 - epoch) / 60} for epoch in range(60)], task["images"]
        labels, share = self.known[tests[0].tobytes()]
        answers = labels.copy()
        wrong = round((1 - share) * len(answers))
        answers[:wrong] = (answers[:wrong] + 1) % 10
        return np.eye(10)[answers]


class Nowhere:
    """The fixture ``artifacts`` without a folder."""

    def add(self, picture: object) -> None:
        """Forget it."""


def forecast(
    monkeypatch: pytest.MonkeyPatch,
    said: dict[str, Any],
    evidence: list[dict[str, Any]] | None = None,
    **outcome: float,
) -> float:
    return share(
        "test_forecast_of_the_recipe",
        SimpleNamespace(PREDICTION=said),
        student={
            "run": Recipe(monkeypatch, **outcome).run,
            "evidence": [] if evidence is None else evidence,
        },
        bench=SimpleNamespace(
            **{name: name for name in ("sound_stopping", "recipe_trained", "recipe_logits")}
        ),
        rng=np.random.default_rng(3),
        artifacts=Nowhere(),
    )


def test_a_forecast_is_paid_entry_by_entry(monkeypatch: pytest.MonkeyPatch, solution: ModuleType) -> None:
    right = solution.PREDICTION
    assert forecast(monkeypatch, right) == 1.0
    for change, pays in (
        ({"accuracy": (0.81, 0.9)}, 0.5),
        ({"accuracy": (0.5, 0.75)}, 0.5),
        ({"accuracy": (0.53, 0.9)}, 0.5),
        ({"accuracy": (0.0, 1.0), "gap": (-1.0, 1.0)}, 0.25),
        ({"gap": (0.2, 0.3)}, 0.75),
        ({"train_loss": "lower"}, 0.75),
        ({"best_epoch": "earlier"}, 0.75),
        ({"accuracy": None, "gap": "small", "train_loss": 1}, 0.0),
        ({"accuracy": (math.nan, 0.9), "gap": (0.1,)}, 0.25),
    ):
        assert forecast(monkeypatch, right | change) == pytest.approx(pays), change


def test_the_forecast_of_a_recipe_no_better_than_plain_cannot_be_right(
    monkeypatch: pytest.MonkeyPatch, solution: ModuleType
) -> None:
    said = solution.PREDICTION | {"accuracy": (0.40, 0.60)}
    assert forecast(monkeypatch, said, accuracy=0.5) == pytest.approx(0.5)


def test_a_history_that_is_not_the_models_pays_for_no_gap(
    monkeypatch: pytest.MonkeyPatch, solution: ModuleType
) -> None:
    assert forecast(monkeypatch, solution.PREDICTION, typed=0.015) == 1.0
    assert forecast(monkeypatch, solution.PREDICTION, typed=0.05) == pytest.approx(0.5)


FORECASTS = [name for name, known in HALF.mistakes.items() if known.questions == ("p3.predict",)]


def test_below_what_any_training_reaches_a_history_is_no_evidence(
    monkeypatch: pytest.MonkeyPatch, solution: ModuleType
) -> None:
    """Plain trainings reach 0.47 and more; a forecast that was right about one of those keeps its half."""
    said = solution.PREDICTION
    assert forecast(monkeypatch, said, accuracy=0.32) == pytest.approx(0.5)
    for accuracy in (0.28, 0.1):
        assert forecast(monkeypatch, said, accuracy=accuracy) == 0.0


BENT = graded("test_jitter_draws").__globals__["BENT"]


def bent_digits(how: str) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """A digit (28, 28), and what a way to change it makes of forty copies."""
    rng = np.random.default_rng(7)
    image = bitmaps()[5].astype(np.float64)
    copies = np.repeat(image[None], 40, axis=0)
    if how == "noise":
        copies += 0.3 * rng.normal(size=copies.shape)
    elif how == "noise on ink":
        copies += 0.3 * rng.normal(size=copies.shape) * (image > 0)
    elif how == "brightness":
        copies = copies * rng.uniform(0.7, 1.3, (40, 1, 1)) + rng.uniform(-0.2, 0.2, (40, 1, 1))
    elif how == "a blot":
        for copy, (row, column) in zip(copies, rng.integers(24, size=(40, 2)), strict=True):
            copy[row : row + 4, column : column + 4] = rng.random()
    elif how == "a move":
        copies = np.stack([np.roll(image, rng.integers(-2, 3, size=2), (0, 1)) for _ in copies])
    elif how == "not finite":
        copies[3] = math.nan
    return image, copies


@pytest.mark.parametrize("how", ["noise", "noise on ink", "brightness", "a blot", "nothing", "not finite"])
def test_what_does_not_bend_shows_no_bends(how: str) -> None:
    bending = beside(str(HALF.folder / "measure.py"), "bending")
    assert bending.moved_share(*bent_digits(how)) < BENT / 1.5


def test_bends_are_seen_through_noise(given: ModuleType) -> None:
    """Turns of five degrees, zooms of a twentieth, moves of half a pixel: less than anybody augments by."""
    bending = beside(str(HALF.folder / "measure.py"), "bending")
    assert bending.moved_share(*bent_digits("a move")) > 0.7
    image, copies = bent_digits("nothing")
    batch = torch.from_numpy(copies[:, None].astype(np.float32))
    rng = np.random.default_rng(3)
    still, one = torch.zeros(40), torch.ones(40)
    small = torch.from_numpy(rng.uniform(-1, 1, 40).astype(np.float32))
    for degrees, zoom, shift in (
        (5 * small, one, still),
        (still, 1 + 0.05 * small, still),
        (still, one, 0.5 / 28 * small),
        (20 * small, 1 + 0.15 * small, 0.1 * small),
    ):
        bent = given.warp(batch - given.PAPER, degrees, zoom, torch.stack([shift, -shift], 1)).numpy()
        assert bending.moved_share(image, bent[:, 0] + given.PAPER) > 3 * BENT
        noisy = bent[:, 0] + 0.03 * rng.normal(size=copies.shape)
        assert bending.moved_share(image, noisy) > 2 * BENT


@pytest.mark.parametrize("name", FORECASTS)
def test_a_known_wrong_forecast_loses_points(
    name: str, monkeypatch: pytest.MonkeyPatch, solution: ModuleType
) -> None:
    scope = {"PREDICTION": dict(solution.PREDICTION)}
    exec(HALF.mistakes[name].source, scope)
    order = share("test_forecast_of_the_order", SimpleNamespace(PREDICTION=scope["PREDICTION"]))
    assert min(forecast(monkeypatch, scope["PREDICTION"]), order) < 1.0


# ---- Signatures


def signed(evidence: dict[str, Any], question: str) -> set[str]:
    """The mistakes of a question whose signature an evidence bears."""
    signatures = beside(str(HALF.folder / "measure.py"), "signatures")
    return {
        name
        for name, known in HALF.mistakes.items()
        if question in known.questions and getattr(signatures, name, lambda _: False)(evidence)
    }


def recipe_signed(**more: Any) -> set[str]:
    return signed(more, "p3.recipe")


def a_gate(accuracy: float, train_loss: float, train_acc: float) -> dict[str, Any]:
    """The evidence that the measure of the recipe leaves."""
    return {"history": [{"train_loss": train_loss, "train_acc": train_acc}], "accuracy": accuracy}


def a_short(loss: float, train_acc: float, dropout: float = 0.5, last: float = 2.4) -> dict[str, Any]:
    """The evidence of a short training whose validation losses are 2.3, 1.9 and ``last``, and whose model has
    this loss."""
    rows = [{"val_loss": value, "train_acc": train_acc} for value in (2.3, 1.9, last)]
    return {"short": rows, "returned": (loss, 0.3), "dropout": dropout}


def test_a_failed_recipe_is_named_from_what_its_trainings_left() -> None:
    assert recipe_signed() == set()
    assert recipe_signed(**a_gate(0.52, 0.118, 1.0)) == {"recipe_smoothing_alone"}
    heart, kept, last = a_gate(0.55, 0.015, 1.0), a_short(1.9, 1.0), a_short(2.4, 1.0, dropout=0.0)
    # The measure alone does not tell which weights came back.
    assert recipe_signed(**heart) == set()
    assert recipe_signed(**heart, **kept) == {"recipe_without_augmentation"}
    assert recipe_signed(**heart, **last) == {"recipe_plain"}
    assert recipe_signed(**heart, **(last | {"dropout": 0.5})) == set(), "something acts against overfitting"
    for right in (a_gate(0.78, 0.3, 0.9), a_gate(0.5, 1.4, 0.5), a_gate(0.66, 0.9, 0.7)):
        assert recipe_signed(**right) == recipe_signed(**right, **kept) == set()


def test_a_model_of_the_last_epoch_is_named_from_a_short_training() -> None:
    assert recipe_signed(**a_short(1.9, 0.5)) == set()
    assert recipe_signed(**a_short(2.4, 0.9)) == {"recipe_keeps_the_last_epoch"}
    assert recipe_signed(**a_short(2.4, 1.0, dropout=0.0)) == {"recipe_plain"}
    assert recipe_signed(**a_short(2.4, 1.0)) == set()
    # The last is the best, or a min_delta has kept it; or it is none of the history.
    assert (
        recipe_signed(**a_short(1.8, 0.9, last=1.8))
        == recipe_signed(**a_short(1.91, 0.9, last=1.91))
        == set()
    )
    assert recipe_signed(**a_short(2.5, 0.9)) == recipe_signed(**a_short(math.nan, 0.9)) == set()
    assert recipe_signed(**a_short(math.nan, 0.9, last=math.nan)) == set()


def test_a_recipe_that_knows_what_it_only_looked_at_is_named() -> None:
    assert recipe_signed(names_known=5) == set()
    assert recipe_signed(names_known=6) == {"recipe_trains_on_validation"}


def test_turns_by_any_angle_are_named_by_what_they_leave_upside_down() -> None:
    gate, kept = a_gate(0.4, 1.7, 0.4), a_short(1.9, 0.2)
    assert recipe_signed(**gate, **kept, upside_down=0.62) == {"jitter_turns_any_angle"}
    assert recipe_signed(**gate, **kept, upside_down=0.37) == set()
    constant = a_gate(0.1, 2.3, 0.1)
    assert recipe_signed(**constant, **kept, upside_down=1.0) == set(), "one answer for all"


# Of the recipes' known mistakes those that a short training tells, with their names.
SHORT = {
    "recipe_plain": {"recipe_plain"},
    "recipe_keeps_the_last_epoch": {"recipe_keeps_the_last_epoch"},
    "recipe_without_augmentation": set(),
}


@pytest.mark.parametrize("name", [*SHORT, "reference"])
def test_a_short_training_is_named_for_what_it_is(name: str) -> None:
    """Trained indeed, with what the tests of the recipe ask of the model."""
    runs = graded("test_recipe_returns_the_best_epoch").__globals__
    folder = HALF.submission() if name == "reference" else HALF.planted(name)
    run, student = HALF.run(folder), HALF.subject(folder, "p3.recipe")
    task = runs["small_task"](np.random.default_rng(5))
    history, _ = runs["MEASURE"].sound(student, run.bench).run(run.bench.recipe_trained, **task)
    evidence = runs["CLOSER"].returned(student, run.bench, task, history)
    assert signed(evidence, "p3.recipe") == SHORT.get(name, set())


# What is wrong with the order is asked by another test.
OF_THE_RECIPE = sorted(set(FORECASTS) - {"forecast_of_a_smaller_network"})


@pytest.mark.parametrize("name", OF_THE_RECIPE)
def test_a_wrong_forecast_is_named(name: str, monkeypatch: pytest.MonkeyPatch, solution: ModuleType) -> None:
    scope, evidence = {"PREDICTION": dict(solution.PREDICTION)}, list[dict[str, Any]]()
    exec(HALF.mistakes[name].source, scope)
    assert forecast(monkeypatch, scope["PREDICTION"], evidence) < 1.0
    # An interval that holds everything is recognised where it is asked for alone.
    assert signed(evidence[-1], "p3.predict") == {name} - {"forecast_of_everything"}


def test_no_wrong_recipe_makes_a_good_forecast_a_mistake(
    monkeypatch: pytest.MonkeyPatch, solution: ModuleType
) -> None:
    for outcome in ({}, {"accuracy": 0.52}, {"accuracy": 0.95}, {"gap": -0.1}, {"gap": 0.5}, {"typed": 0.2}):
        evidence: list[dict[str, Any]] = []
        forecast(monkeypatch, solution.PREDICTION, evidence, **outcome)
        assert signed(evidence[-1], "p3.predict") == set(), outcome
    evidence = []
    forecast(monkeypatch, {}, evidence)
    assert signed(evidence[-1], "p3.predict") == set()


# ---- given.py


def test_the_networks_have_the_parameters_that_are_claimed(given: ModuleType) -> None:
    def count(model: torch.nn.Module) -> int:
        return sum(parameter.numel() for parameter in model.parameters())

    assert count(given.SmallCNN()) == 207_178
    assert count(given.TinyResNet()) == 38_226
    assert given.TinyResNet(7, 4)(torch.zeros(2, 1, 28, 28)).shape == (2, 7)


def test_evaluate_leaves_every_module_in_its_mode(given: ModuleType) -> None:
    model = given.TinyResNet(10, 4).train()
    model.bn1.eval()
    images, labels = given.clean_digits(20, 1)
    assert given.evaluate(model, images, labels) == given.evaluate(model, images, labels)
    assert model.training
    assert not model.bn1.training


def test_fit_needs_validation_images_to_stop(given: ModuleType, solution: ModuleType) -> None:
    images, labels = given.clean_digits(8, 1)
    stopping = solution.EarlyStopping(1)
    with pytest.raises(ValueError, match="validation"):
        given.fit(given.SmallCNN(), images, labels, epochs=1, seed=0, stopping=stopping)


def test_fit_bends_training_batches_only_and_restores(given: ModuleType, solution: ModuleType) -> None:
    images, labels = given.clean_digits(16, 1)
    val = given.clean_digits(8, 2)
    batches: list[int] = []

    def augment(batch: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        batches.append(len(batch))
        return batch

    model, stopping = given.SmallCNN(), solution.EarlyStopping(1)
    rows: list[dict[str, float]] = []
    history = given.fit(
        model, images, labels, epochs=9, seed=0, batch_size=10, lr=0.1, augment=augment, val=val,
        stopping=stopping, on_epoch=rows.append,
    )  # fmt: skip
    assert rows == history
    assert batches == [10, 6] * len(history)
    assert given.evaluate(model, *val)[0] == pytest.approx(stopping.best_loss)
    alone = given.fit(given.SmallCNN(), images, labels, epochs=1, seed=0)
    assert math.isnan(alone[0]["val_loss"])


def test_noisy_digits_are_what_the_handout_says(given: ModuleType) -> None:
    images, labels, val_images, val_labels = given.noisy_digits(5)
    assert images.shape == val_images.shape == (200, 1, 28, 28)
    assert labels.dtype == val_labels.dtype == torch.int64
    assert torch.equal(images, given.noisy_digits(5)[0])


def test_warp_moves_turns_and_zooms_as_it_says(given: ModuleType) -> None:
    image = torch.full((1, 1, 28, 28), given.PAPER)
    image[..., 4:10, 12:16] = 1.0
    still, none = torch.ones(1), torch.zeros(1)

    def centre(degrees: float, zoom: float, right: float, down: float) -> tuple[float, float, float]:
        bent = (
            given.warp(image, none + degrees, still * zoom, torch.tensor([[right, down]]))[0, 0] - given.PAPER
        )
        at = torch.arange(28.0) - 13.5
        mass = bent.sum()
        return float((bent.sum(0) * at).sum() / mass), float((bent.sum(1) * at).sum() / mass), float(mass)

    across, below, mass = centre(0, 1, 0, 0)
    assert (across, below) == pytest.approx((0, -7), abs=0.01)
    assert centre(0, 1, 0.25, 0.1)[:2] == pytest.approx((7, -7 + 2.8), abs=0.05)
    assert centre(90, 1, 0, 0)[:2] == pytest.approx((-7, 0), abs=0.05)
    assert centre(0, 1.25, 0, 0)[2] / mass == pytest.approx(1.5625, rel=0.05)


# ---- Experiments


def test_the_recipe_stays_shut_without_a_prediction(
    experiment: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(experiment.overfitting, "PREDICTION", None)
    with pytest.raises(SystemExit, match=r"needs p3\.predict"):
        experiment.main(["recipe"])


@pytest.mark.parametrize(
    ("what", "stub"), [("jitter", "jitter"), ("freeze", "prepare"), ("recipe", "recipe")]
)
def test_an_experiment_on_a_stub_says_what_it_needs(
    what: str, stub: str, experiment: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unwritten(*args: object, **kwargs: object) -> None:
        raise NotImplementedError(f"p3.{what}")

    monkeypatch.setattr(experiment.overfitting, stub, unwritten)
    monkeypatch.setattr(experiment, "fit", lambda *args, **kwargs: [])
    with pytest.raises(SystemExit, match=rf"needs p3\.{what}"):
        experiment.main([what])


def test_the_table_and_the_digits_are_shown(
    experiment: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    experiment.main(["table"])
    experiment.main(["jitter", "--seed", "3"])
    shown = capsys.readouterr().out
    assert "dropout_and_decay" in shown
    assert "as given" in shown


def test_nothing_that_is_handed_out_answers_early_stopping() -> None:
    released = [*HALF.folder.glob("*_public*.py"), HALF.folder / "measure.py"]
    assert len(released) > 4
    for path in released:
        assert "def restore" not in path.read_text(encoding="utf-8"), path.name

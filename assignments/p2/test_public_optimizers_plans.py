"""Public tests of the plans of optimizers.py: form, the plan of the course notes, laws."""

import itertools

import numpy as np

from grader.testing import Curves, assert_same, check, graded

# ---- p2.configure

SIZES = {
    "bert": {"samples": 50_000, "batch_size": 32},
    "resnet": {"samples": 40_000, "batch_size": 2048},
    "mlp": {"samples": 5_000, "batch_size": 64},
}


FALLING = [0.999**epoch for epoch in range(1000)]  # as long as the longest plan
STALLING = [0.97**epoch for epoch in range(12)] + [0.97**11] * 60


@graded("p2.configure", points=1.3, rung="interface")
def test_configure_form(student, bench, artifacts):
    """configure returns a plan for each scenario whose optimizer and scheduler can be used."""
    for kind, sizes in SIZES.items():
        losses = STALLING if kind == "mlp" else FALLING
        got = student.run(bench.carried_out, kind=kind, **sizes, losses=losses)
        rates = np.asarray(got["rates"])
        if kind == "mlp" and got["patience"] is not None:  # drawn to where early stopping ends the run
            rates = rates[: (12 + max(0, int(got["patience"]))) * got["per_epoch"]]
        at = np.arange(0, len(rates), max(1, len(rates) // 400))
        line = {"learning rate": rates[at].tolist()}
        epochs = (at / got["per_epoch"]).tolist()
        artifacts.add(
            Curves(f"rate-{kind}", f"Learning rate of the plan for {kind}", line, "epoch", "rate", at=epochs)
        )
        check(float(np.max(got["rates"])) > 0, f"{kind}: the learning rate is 0 throughout")
        check(bool(np.all(np.isfinite(got["rates"]))), f"{kind}: a learning rate is not finite")
        check(0 <= float(got["dropout"]) < 1, f"{kind}: dropout is a share of the units, below 1")
        patience = got["patience"]
        check(patience is None or int(patience) >= 1, f"{kind}: the patience is not a number of epochs")
        check(bool(got["handed_over"]), f"{kind}: this scheduler cannot be stepped as step_on says")
        assert_same(got["missing"], 0, f"{kind}: the number of parameters that the optimizer lacks")


@graded("p2.configure", points=0, rung="random", hint="Compute lengths from samples, batch and epochs.")
def test_configure_laws(student, bench, rng):
    """Three different peaks, and a BERT run that ends far below its peak however long it is."""
    peaks = {kind: [] for kind in SIZES}
    # A rate that goes with the batch may meet another one at one size.
    for kind, sizes in [*SIZES.items(), ("resnet", {**SIZES["resnet"], "batch_size": 512})]:
        run = {**sizes, "samples": int(sizes["samples"] * rng.uniform(0.5, 1.5))}
        got = student.run(bench.carried_out, kind=kind, **run, losses=[1.0] * 60)
        highest = float(np.max(got["rates"]))
        peaks[kind].append(highest)
        if kind == "bert":
            check(float(got["rates"][-1]) < 0.5 * highest, "bert: the rate does not fall towards the end")
    for one, other in itertools.combinations(peaks.values(), 2):
        differ = any(max(a, b) > 1.01 * min(a, b) for a in one for b in other)
        check(differ, "the three scenarios do not have three different peaks")


# ---- p2.review

SOUND = {
    "model": "cnn",
    "pretrained": False,
    "samples": 50_000,
    "batch": 256,
    "epochs": 90,
    "optimizer": "sgd",
    "nesterov": True,
    "betas": (0.9, 0.999),
    "lr": 0.1,
    "head_lr": None,
    "weight_decay": 1e-4,
    "decayed_kinds": ("matrix",),
    "warmup_steps": 0,
    "schedule": "cosine",
    "milestones": (),
    "horizon_unit": "epoch",
    "step_on": "epoch",
}
NAMES = {
    "beta2_098",
    "cosine_per_batch",
    "decay_missing_on_biases",
    "decays_norms",
    "head_lr_differs",
    "l2_in_adam",
    "lr_not_scaled",
    "lr_zero_at_step_0",
    "milestone_never_acts",
    "nesterov_used",
    "no_warmup_large_batch",
    "rate_for_scratch",
    "warmup_exceeds_run",
    "wrong_step_unit",
}


@graded("p2.review", points=0.7, rung="interface")
def test_review_form(student, bench):
    """review returns a set of names of given.FINDINGS."""
    sheets = [SOUND, {**SOUND, "decayed_kinds": ("matrix", "norm"), "batch": 2048, "lr": 0.8}]
    named = student.run(bench.reviewed, sheets=sheets)
    unknown = set().union(*named) - NAMES
    check(not unknown, "a name is not in given.FINDINGS", str(sorted(unknown)))


@graded("p2.review", points=1.4, rung="figures")
def test_review_figures(student, bench):
    """The ResNet plan of the handout, before and after it was put right."""
    notes = {
        **SOUND,
        "samples": 1_200_000,
        "batch": 2048,
        "lr": 0.8,
        "decayed_kinds": ("matrix", "bias", "norm"),
        "schedule": "step",
        "milestones": (30, 60, 90),
    }
    right = {**notes, "decayed_kinds": ("matrix",), "warmup_steps": 5 * 586, "milestones": (30, 60)}
    named = student.run(bench.reviewed, sheets=[notes, right])
    want = {"milestone_never_acts", "no_warmup_large_batch", "decays_norms"}
    assert_same(named[0], want, "the defects of the plan of the course notes")
    assert_same(named[1], set(), "the defects of the corrected plan")


@graded("p2.review", points=0, rung="random")
def test_review_laws(student, bench, rng):
    """A sound plan stays sound in other sizes; one defect more is one name more."""
    epochs = int(rng.integers(40, 100))
    samples = int(rng.integers(20_000, 90_000))
    sound = {**SOUND, "epochs": epochs, "samples": samples}
    planted = {
        "wrong_step_unit": {"step_on": "batch"},
        "lr_not_scaled": {"lr": 1.0},
        "warmup_exceeds_run": {"warmup_steps": 3 * epochs * samples // 256},
    }
    sheets = [sound, *({**sound, **change} for change in planted.values())]
    named = student.run(bench.reviewed, sheets=sheets)
    assert_same(named, [set(), *({name} for name in planted)], "a sound plan, and three with one defect")


# ---- p2.reasons


@graded("p2.reasons", points=0, rung="closed")
def test_reasons_form(student):
    """REASONS has a set of names for each scenario."""
    got = student.optimizers.REASONS
    assert_same(set(got), set(SIZES), "the keys")
    for kind in SIZES:
        check(bool(got[kind]), f"{kind}: no reason is named")
        unknown = got[kind] - REASON_IDS
        check(not unknown, f"{kind}: a name is not in given.REASON_IDS", str(sorted(unknown)))


REASON_IDS = {
    "adam_beats_sgd_always",
    "decoupled_decay",
    "few_rows_regularise",
    "head_and_backbone_differ",
    "matches_pretraining",
    "momentum_replaces_warmup",
    "momentum_sgd_strong_on_cnns",
    "optimizer_matters_little",
    "plateau_needs_no_validation_set",
    "rate_follows_validation",
    "rate_scales_with_batch",
    "scale_decay_with_batch",
    "small_model_cannot_overfit",
    "small_steps_keep_features",
    "warmup_for_large_batch",
    "well_studied_recipe",
}

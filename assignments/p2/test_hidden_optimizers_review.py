"""Hidden tests of p2.review and p2.reasons: planted defects, and the key of the closed question."""

import math

from grader.testing import assert_same, award, check, closed_share, graded

# ---- p2.review

DEFECTS = (
    "decays_norms",
    "l2_in_adam",
    "lr_not_scaled",
    "milestone_never_acts",
    "no_warmup_large_batch",
    "rate_for_scratch",
    "warmup_exceeds_run",
    "wrong_step_unit",
)
SOUND_NAMES = {
    "beta2_098",
    "cosine_per_batch",
    "decay_missing_on_biases",
    "head_lr_differs",
    "lr_zero_at_step_0",
    "nesterov_used",
}


def steps_of(sheet):
    return math.ceil(sheet["samples"] / sheet["batch"]) * sheet["epochs"]


def sound_sheet(rng, model, pretrained, optimizer):
    """A plan without defects, a factor of two away from each, with much that looks odd."""
    batch = int(rng.choice([64, 128, 256, 512, 2048, 4096]))
    epochs = int(rng.integers(20, 120))
    sheet = {
        "model": model,
        "pretrained": pretrained,
        "samples": batch * int(rng.integers(20, 400)) + 7,
        "batch": batch,
        "epochs": epochs,
        "optimizer": optimizer,
        "nesterov": bool(optimizer == "sgd" and rng.random() < 0.6),
        "betas": (0.9, float(rng.choice([0.98, 0.999]))),
        "weight_decay": float(rng.uniform(1e-4, 1e-2)),
        "decayed_kinds": ("matrix", "embedding") if rng.random() < 0.5 else ("matrix",),
        "schedule": str(rng.choice(["linear", "cosine", "cosine", "step", "constant"])),
        "milestones": (),
        "head_lr": None,
    }
    sheet["warmup_steps"] = int(steps_of(sheet) * rng.uniform(0.02, 0.3)) + 1
    if batch < 1024 and rng.random() < 0.4:
        sheet["warmup_steps"] = 0
    if sheet["schedule"] == "step":
        sheet["milestones"] = (epochs // 4, epochs // 2)
    elif rng.random() < 0.3:
        sheet["milestones"] = (epochs // 2, 2 * epochs)  # left over from another plan, and ignored
    sheet["horizon_unit"] = sheet["step_on"] = str(rng.choice(["batch", "epoch"]))
    if optimizer == "sgd" and not pretrained:
        sheet["lr"] = 0.1 * batch / 256 * float(2 ** rng.uniform(-0.9, 0.9))
    elif pretrained:
        sheet["lr"] = float(rng.uniform(1e-5, 1.4e-4))
        sheet["head_lr"] = sheet["lr"] * 10 if rng.random() < 0.7 else None
    else:
        sheet["lr"] = float(rng.uniform(7e-4, 3e-3))
    if optimizer == "adam" and model == "transformer":
        sheet["weight_decay"] = 0.0
    if sheet["weight_decay"] == 0.0 or rng.random() < 0.3:
        sheet["decayed_kinds"] += ("bias",)
    if sheet["weight_decay"] == 0.0:
        sheet["decayed_kinds"] += ("norm",)
    return sheet


KINDS = (
    ("cnn", False, "sgd"),
    ("cnn", True, "sgd"),
    ("cnn", True, "adamw"),
    ("transformer", True, "adamw"),
    ("transformer", True, "adam"),
    ("transformer", False, "adamw"),
    ("mlp", False, "adam"),
)


def fits(defect, sheet):
    """Whether this defect can be put into this sheet and no other with it."""
    if defect == "l2_in_adam":
        return sheet["model"] == "transformer" and sheet["weight_decay"] == 0.0
    if defect == "lr_not_scaled":
        return sheet["optimizer"] == "sgd" and not sheet["pretrained"]
    if defect == "rate_for_scratch":
        return sheet["pretrained"]
    if defect == "decays_norms":
        return "norm" not in sheet["decayed_kinds"]
    if defect == "wrong_step_unit":
        return sheet["schedule"] != "constant"
    return True


def planted(rng, sheet, defect):
    """The sheet with one defect more."""
    batch, epochs = sheet["batch"], sheet["epochs"]
    change = {
        "decays_norms": {"decayed_kinds": (*sheet["decayed_kinds"], "norm")},
        "l2_in_adam": {
            "optimizer": "adam",
            "weight_decay": 0.01,
            "decayed_kinds": tuple(kind for kind in sheet["decayed_kinds"] if kind != "norm"),
        },
        "lr_not_scaled": {"lr": 0.1 * batch / 256 * float(rng.choice([0.05, 0.1, 10.0, 20.0]))},
        "milestone_never_acts": {"schedule": "step", "milestones": (epochs // 4, 2 * epochs)},
        "no_warmup_large_batch": {"batch": 4096, "samples": sheet["samples"] * 16, "warmup_steps": 0},
        "rate_for_scratch": {"lr": float(rng.uniform(7e-4, 3e-3))},
        "warmup_exceeds_run": {"warmup_steps": 2 * steps_of(sheet) + int(rng.integers(1, 99))},
        "wrong_step_unit": {"step_on": "epoch" if sheet["horizon_unit"] == "batch" else "batch"},
    }[defect]
    changed = {**sheet, **change}
    if defect == "no_warmup_large_batch" and sheet["optimizer"] == "sgd" and not sheet["pretrained"]:
        changed["lr"] = sheet["lr"] * 4096 / batch
    return changed


CLASHES = (
    {"no_warmup_large_batch", "warmup_exceeds_run"},
    {"no_warmup_large_batch", "lr_not_scaled"},
    {"decays_norms", "l2_in_adam"},
)


def plan_with(rng, first, count):
    """A plan with some defects, this one among them."""
    while True:
        sheet = sound_sheet(rng, *KINDS[rng.integers(len(KINDS))])
        others = [defect for defect in rng.permutation(DEFECTS).tolist() if defect != first][: count - 1]
        chosen = {first, *others}
        if all(fits(defect, sheet) for defect in chosen) and not any(clash <= chosen for clash in CLASHES):
            break
    # The wrong unit comes last: a schedule that another defect changes would undo it.
    for defect in sorted(chosen):
        sheet = planted(rng, sheet, defect)
    return sheet, chosen


def judge_review(student, bench, rng, plans):
    plans = [plans[at] for at in rng.permutation(len(plans))]
    named = student.run(bench.reviewed, sheets=[sheet for sheet, _ in plans])
    every = set(DEFECTS) | SOUND_NAMES
    key = [(said, defects, (every | said) - defects) for said, (_, defects) in zip(named, plans, strict=True)]
    odd = any(said & SOUND_NAMES for said in named)
    missed = any(defects - said for said, (_, defects) in zip(named, plans, strict=True))
    award(
        closed_share(key),
        "something that only looks odd is called a defect" * odd
        or "a defect is missed" * missed
        or "something sound is called a defect",
    )


@graded("p2.review", points=3.5, rung="random", hint="Holding is not the same as being a defect.")
def test_review_random(student, bench, rng):
    """Some thirty random plans with none to three defects."""
    plans = [plan_with(rng, defect, count) for defect in DEFECTS for count in (1, 2, 3)]
    plans += [(sound_sheet(rng, *kind), set()) for kind in KINDS]
    judge_review(student, bench, rng, plans)


@graded("p2.review", points=1.4, rung="edges", hint="Read each definition to its last word.")
def test_review_limits(student, bench, rng):
    """Plans that lie exactly at a limit, or just before it; fields that say nothing in their plan."""
    plans = []
    cnn = {**sound_sheet(rng, "cnn", False, "adamw"), "schedule": "cosine", "warmup_steps": 3, "batch": 256}
    for epochs, samples in ((30, 256 * 40), (40, 256 * 39 + 1)):
        run = {**cnn, "epochs": epochs, "samples": samples}
        plans.append(({**run, "warmup_steps": 40 * epochs}, {"warmup_exceeds_run"}))
        plans.append(({**run, "warmup_steps": 40 * epochs - 1}, set()))
        step = {**run, "schedule": "step"}
        plans.append(({**step, "milestones": (9, epochs)}, {"milestone_never_acts"}))
        plans.append(({**step, "milestones": (9, epochs - 1)}, set()))
        plans.append(({**step, "milestones": (epochs + 5,)}, {"milestone_never_acts"}))
    for batch, defects in ((1024, {"no_warmup_large_batch"}), (1023, set())):
        plans.append(({**cnn, "batch": batch, "samples": 99 * batch, "warmup_steps": 0}, defects))
    bert = sound_sheet(rng, "transformer", True, "adamw")
    plans.append(({**bert, "lr": 3e-4}, {"rate_for_scratch"}))
    plans.append(({**bert, "lr": 2.9e-4, "head_lr": 1e-2}, set()))
    plans.append(({**bert, "pretrained": False, "lr": 3e-4, "head_lr": None}, set()))
    sgd = {**sound_sheet(rng, "cnn", False, "sgd"), "batch": 512, "samples": 51_200, "warmup_steps": 9}
    plans += [({**sgd, "lr": 0.2 * times}, {"lr_not_scaled"}) for times in (4.1, 0.24)]
    plans += [({**sgd, "lr": 0.2 * times}, set()) for times in (3.9, 0.26)]
    # With these batches the limits are powers of two times 0.1, so that they are met exactly however the
    # distance is computed: by ratio, by product, or by logarithms of either.
    for batch in (512, 2048):
        large = {**sgd, "batch": batch, "samples": 100 * batch}
        plans += [({**large, "lr": 0.1 * batch / 256 * times}, {"lr_not_scaled"}) for times in (4, 0.25)]
    plans.append(({**sgd, "model": "mlp", "lr": 0.001}, set()))
    plans.append(({**sgd, "pretrained": True, "lr": 1e-4}, set()))
    plans += [({**cnn, "milestones": (9, cnn["epochs"] + late)}, set()) for late in (0, 5)]
    units = (("batch", "epoch"), ("epoch", "batch"))
    for unit, other in units:
        mixed = {**cnn, "horizon_unit": unit, "step_on": other}
        plans += [(mixed, {"wrong_step_unit"}), ({**mixed, "schedule": "constant"}, set())]
    judge_review(student, bench, rng, plans)


# ---- p2.reasons: required, and wrong here; the rest of the list is allowed

SCENARIOS = ("bert", "resnet", "mlp")
REQUIRED = {
    "bert": {"decoupled_decay", "small_steps_keep_features"},
    "resnet": {"rate_scales_with_batch", "warmup_for_large_batch"},
    "mlp": {"few_rows_regularise", "rate_follows_validation"},
}
FALSE = {
    "adam_beats_sgd_always",
    "momentum_replaces_warmup",
    "plateau_needs_no_validation_set",
    "scale_decay_with_batch",
    "small_model_cannot_overfit",
}
# True statements that the scenario contradicts.
MISPLACED = {
    "bert": {
        "momentum_sgd_strong_on_cnns",
        "rate_follows_validation",
        "rate_scales_with_batch",
        "warmup_for_large_batch",
    },
    "resnet": {
        "few_rows_regularise",
        "head_and_backbone_differ",
        "matches_pretraining",
        "rate_follows_validation",
        "small_steps_keep_features",
    },
    "mlp": {
        "head_and_backbone_differ",
        "matches_pretraining",
        "momentum_sgd_strong_on_cnns",
        "small_steps_keep_features",
        "warmup_for_large_batch",
    },
}


@graded("p2.reasons", points=3.0, rung="closed", visibility="after_due_date")
def test_reasons(student):
    """The reasons that are true and fit their scenario."""
    named = student.optimizers.REASONS
    assert_same(set(named), set(SCENARIOS), "the keys of REASONS")
    check(
        len({frozenset(named[kind]) for kind in SCENARIOS}) > 1,
        "three scenarios cannot have the same reasons",
    )
    key = [(named[kind], REQUIRED[kind], FALSE | MISPLACED[kind]) for kind in SCENARIOS]
    award(closed_share(key), "a reason is missing, false, or does not fit its scenario")

"""Hidden tests of p1.choose and p1.reasons: the accepted sets, and the keys of the closed question."""

import itertools
import math

from grader.testing import assert_same, award, check, closed_share, graded

KINDS = ("prototype", "production", "finetuning")

# ---- p1.choose: accepted earns a criterion, rejected nothing, anything between the two half of it


def between(value, low, high):
    return low * (1 - 1e-9) <= value <= high * (1 + 1e-9)


def family(kind, choice, run):
    if kind == "prototype":
        return 0.0 if choice.optimizer == "sgd" else 1.0
    if kind == "production":
        if choice.optimizer == "adam":
            return 1.0 if choice.weight_decay == 0 else 0.0
        if choice.optimizer == "sgd":
            return 0.0 if choice.momentum == 0 else 1.0 if between(choice.momentum, 0.85, 0.99) else 0.5
        return 1.0
    decoupled = choice.optimizer == "adamw" or (choice.optimizer == "adam" and choice.weight_decay == 0)
    return 1.0 if decoupled and between(choice.betas[1], 0.95, 0.9999) else 0.5


def rate(kind, choice, run):
    if kind == "prototype":
        low, high, too_low, too_high, lr = 2e-4, 3e-3, 3e-5, 1e-2, choice.lr
    elif kind == "finetuning":
        low, high, too_low, too_high, lr = 1e-5, 1e-4, 1e-7, 3e-4, choice.lr
    elif choice.optimizer == "sgd":
        low, high, too_low, too_high, lr = 0.025, 0.5, 0.0025, 5.0, choice.lr * 256 / run["batch_size"]
    else:
        low, high, too_low, too_high, lr = 3e-4, 5e-3, 3e-5, 5e-2, choice.lr
    if between(lr, low, high):
        return 1.0
    return 0.0 if lr <= too_low or lr >= too_high else 0.5


def decay(kind, choice, run):
    decay, optimizer = choice.weight_decay, choice.optimizer
    if kind == "production" and optimizer == "adam":
        return 0.0 if decay > 0 else 0.5
    low, high = {
        ("prototype", "adam"): (0.0, 1e-3),
        ("prototype", "adamw"): (0.0, 0.1),
        ("prototype", "sgd"): (0.0, 1e-2),
        ("production", "sgd"): (1e-5, 1e-3),
        ("production", "adamw"): (5e-3, 0.3),
    }.get((kind, optimizer), (0.0, 0.1))
    return 1.0 if between(decay, low, high) else 0.5


def schedule(kind, choice, run):
    per_epoch = math.ceil(run["samples"] / run["batch_size"])
    total = per_epoch * run["epochs"]
    warmup = choice.warmup_steps * (1 if choice.step_on == "batch" else per_epoch)
    if warmup >= total:
        return 0.0
    if total < 10 and warmup > 0:
        return 0.5  # a tenth is less than a step: the first step is too large a share to give away
    if kind == "prototype":
        return 1.0 if warmup <= math.ceil(0.1 * total) else 0.5
    if kind == "finetuning":
        least = 0 if total < 10 else max(1, math.floor(0.01 * total))
        fits = least <= warmup <= math.ceil(0.3 * total)
        return 1.0 if fits and choice.step_on == "batch" and choice.schedule != "step" else 0.5
    if choice.schedule == "constant":
        return 0.0
    end = choice.final_fraction
    if choice.schedule == "step":
        if not choice.milestones or max(choice.milestones) >= run["epochs"]:
            return 0.0
        end = choice.gamma ** len(choice.milestones)
    warm = warmup <= math.ceil(0.3 * total) and (choice.optimizer == "sgd" or warmup > 0)
    return 1.0 if warm and end <= 0.05 else 0.5


# What a lost criterion is about; never the ends of its range.
REASONS = {
    ("prototype", family): "nobody tunes the prototype, so take an optimizer that works without a search",
    ("prototype", rate): "the prototype's rate has to train a network without normalisation, and in an hour",
    ("prototype", decay): "a prototype needs little weight decay, and in Adam it is an L2 term",
    ("prototype", schedule): "a warm-up must not eat up the prototype's short run",
    ("production", family): "a CNN with a week to train wants momentum SGD, or decoupled decay with AdamW",
    ("production", rate): "the production rate is far from what its optimizer and its batch size ask for",
    (
        "production",
        decay,
    ): "the usual strength of weight decay depends on the optimizer: L2 is not decoupled decay",
    ("production", schedule): "over a week the rate has to fall to a small part of its peak, inside the run",
    (
        "finetuning",
        family,
    ): "transformers are fine-tuned with decoupled decay and a slowly moving second moment",
    ("finetuning", rate): "large steps overwrite what the pre-trained network knows",
    ("finetuning", decay): "the pre-trained weights need no strong pull towards zero",
    ("finetuning", schedule): "warm up over a small part of the steps of this run, counted in batches",
}
CRITERIA = (family, rate, decay, schedule)
OPTIMIZERS, SCHEDULES = ("sgd", "adam", "adamw"), ("constant", "linear", "cosine", "step")


def trainable(choice):
    """Whether its words can be chosen; the rest of a choice that names nothing means nothing."""
    return (
        choice.optimizer in OPTIMIZERS
        and choice.schedule in SCHEDULES
        and choice.step_on in ("batch", "epoch")
    )


def judge_choices(student, bench, rounds):
    """Awards the mean share over rounds, scenarios and criteria."""
    earned, lost = [], []
    for runs in rounds:
        choices = {kind: student.run(bench.chosen, kind=kind, **run) for kind, run in runs.items()}
        peaks = sorted(float(choice.lr) for choice in choices.values())
        check(min(peaks) > 0 and max(peaks) < math.inf, "a learning rate is not a positive number")
        check(min(peaks) < max(peaks), "the three scenarios have the same learning rate")
        distinct = all(low * 1.01 < high for low, high in itertools.pairwise(peaks))
        for kind, run in runs.items():
            if not trainable(choices[kind]):
                earned += [0.0] * len(CRITERIA)
                lost += [f"the {kind} choice names no optimizer, schedule or step_on of the handout"] * 4
                continue
            for criterion in CRITERIA:
                share = criterion(kind, choices[kind], run) if distinct or criterion is not rate else 0.0
                earned.append(share)
                if share < 1:
                    lost.append(REASONS[kind, criterion])
        if not distinct:
            lost += ["the three scenarios need three different learning rates"] * 4
    award(sum(earned) / len(earned), max(lost, key=lost.count, default=""))


def pick(rng, samples, batches, epochs):
    return {
        "samples": int(rng.integers(*samples)),
        "batch_size": int(rng.choice(batches)),
        "epochs": int(rng.integers(*epochs)),
    }


@graded("p1.choose", points=7.2, rung="random")
def test_choose_random(student, bench, rng):
    """Random sizes of the three scenarios, judged by optimizer, rate, decay and schedule."""
    rounds = [
        {
            "prototype": pick(rng, (2_000, 30_000), (32, 64, 128), (1, 6)),
            "production": pick(rng, (50_000, 1_300_000), batches, (60, 300)),
            "finetuning": pick(rng, (3_000, 6_000), (16, 32), (2, 4)),
        }
        # One rate for all batches is out of proportion in the last of them.
        for batches in [(64, 128, 256, 512, 1024)] * 6 + [(32,), (2048,), (4096,), (4096,)]
    ]
    judge_choices(student, bench, rounds)


@graded("p1.choose", points=3.6, rung="edges", hint="Compute step counts and milestones from the run.")
def test_choose_short_runs(student, bench, rng):
    """Runs that are much shorter than usual, some of them a few steps."""
    rounds = [
        {
            "prototype": pick(rng, (200, 900), (32, 64), (1, 3)),
            "production": pick(rng, (20_000, 50_000), (64, 128, 256), (8, 30)),
            "finetuning": pick(rng, *tuned),
        }
        # From 2 % of it on, any share of the longer ones is a step at least; the others have four steps.
        for tuned in [((850, 1_500), (16, 32), (2, 4)), ((17, 33), (16,), (2, 3))] * 3
    ]
    judge_choices(student, bench, rounds)


# ---- p1.reasons: required, and wrong here; the rest of the list is allowed

# Steps of each parameter's own size and the fast start both say what Adam's defaults are good for: either
# is a reason, so neither is required.
REQUIRED = {
    "prototype": {"defaults_work_untuned"},
    "production": {"high_rate_then_decay", "time_to_tune"},
    "finetuning": {
        "small_steps_keep_features",
        "decoupled_decay",
        "warmup_calms_first_steps",
        "warmup_must_fit_run",
    },
}
FALSE = {
    "adam_cannot_diverge",
    "adam_needs_no_learning_rate",
    "decay_seeks_sharp_minimum",
    "l2_in_adam_equals_decay",
    "more_warmup_is_always_safer",
    "sgd_always_generalises_better",
    "small_data_needs_large_steps",
    "warmup_revives_dead_relus",
}
# True statements that the scenario contradicts: no hour to search, no pre-trained features to keep, no CNN.
MISPLACED = {
    "prototype": {
        "high_rate_then_decay",
        "time_to_tune",
        "small_steps_keep_features",
        "momentum_sgd_strong_on_cnns",
    },
    "production": {
        "defaults_work_untuned",
        "schedule_not_needed_yet",
        "small_steps_keep_features",
        "fast_early_progress",
    },
    "finetuning": {
        "high_rate_then_decay",
        "time_to_tune",
        "momentum_sgd_strong_on_cnns",
        "schedule_not_needed_yet",
    },
}


@graded("p1.reasons", points=6.0, rung="closed", visibility="after_due_date")
def test_reasons(student):
    """The reasons that are true and fit their scenario."""
    named = student.optimizer_choice.REASONS
    assert_same(set(named), set(KINDS), "the keys of REASONS")
    check(len({frozenset(named[kind]) for kind in KINDS}) > 1, "three scenarios cannot have the same reasons")
    key = [(named[kind], REQUIRED[kind], FALSE | MISPLACED[kind]) for kind in KINDS]
    award(closed_share(key), "a reason is missing, false, or does not fit its scenario")

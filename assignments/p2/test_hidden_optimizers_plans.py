"""Hidden tests of p2.configure: plans are carried out, and judged by what they were seen to do.

Accepted earns a criterion, rejected nothing, anything between the two half of it.
"""

import itertools
import math

import numpy as np

from grader.testing import award, check, graded

# ---- what a carried-out plan shows


def between(value, low, high):
    return low * (1 - 1e-6) <= value <= high * (1 + 1e-6)


def peak(got):
    return float(np.max(got["rates"]))


def decay_of(got, *parts):
    """The strongest decay on these kinds of parameter; 0 where the optimizer holds none."""
    return max((float(got["decay"][part][1]) for part in parts if part in got["decay"]), default=0.0)


def first_peak(got):
    """The first step with the highest rate: the length of the warm-up."""
    return int(np.argmax(np.asarray(got["rates"]) >= peak(got) * (1 - 1e-6)))


def warm_up(got):
    """Steps of warm-up; 0 where nothing climbs: a rate of 0 and then all of it is a delay."""
    steps = first_peak(got)
    before = np.asarray(got["rates"][:steps]) / peak(got)
    climbs = ((before > 0.005) & (before < 0.995)).any()
    return steps if steps < 2 or climbs else 0


def end(got):
    """The last rate as a share of the peak."""
    return float(got["rates"][-1]) / peak(got)


def is_l2(got):
    return got["optimizer"] == "adam" and decay_of(got, *got["decay"]) > 0


# ---- BERT


def bert_family(got, run):
    if got["missing"] or got["optimizer"] == "sgd" or is_l2(got):
        return 0.0
    fine = got["optimizer"] in ("adam", "adamw") and between(float(got["betas"][1]), 0.95, 0.9999)
    return 1.0 if fine else 0.5


def bert_rate(got, run):
    if between(peak(got), 1e-5, 1e-4):
        return 1.0
    return 0.0 if peak(got) <= 1e-7 or peak(got) >= 3e-4 else 0.5


def bert_decay(got, run):
    if decay_of(got, "vector") > 0:
        return 0.0
    return 1.0 if decay_of(got, "matrix", "embedding") <= 0.1 else 0.5


def bert_schedule(got, run):
    total = len(got["rates"])
    if got["step_on"] != "batch" or not got["handed_over"] or (total > 1 and first_peak(got) >= total - 1):
        return 0.0
    if float(got["rates"][int(0.6 * total)]) < 0.05 * peak(got):
        return 0.0  # over long before the run is: the length is that of one epoch
    warm = math.floor(0.01 * total) <= warm_up(got) <= math.ceil(0.3 * total)
    return 1.0 if warm and end(got) <= max(0.1, 2 / total) else 0.5


def bert_epochs(got, run):
    return 1.0 if 2 <= got["epochs"] <= 5 else 0.5 if got["epochs"] <= 10 else 0.0


# ---- ResNet


def resnet_family(got, run):
    if got["missing"] or is_l2(got):
        return 0.0
    if got["optimizer"] == "sgd":
        momentum = float(got["momentum"])
        return 0.0 if momentum == 0 else 1.0 if between(momentum, 0.85, 0.95) else 0.5
    return 0.5 if got["optimizer"] == "other" else 1.0


def resnet_rate(got, run):
    if got["optimizer"] == "sgd":
        low, high, too_low, too_high = 0.05, 0.26, 0.0125, 1.0
        rate = peak(got) * 256 / run["batch_size"]
    else:
        low, high, too_low, too_high, rate = 5e-4, 6e-3, 5e-5, 5e-2, peak(got)
    if between(rate, low, high):
        return 1.0
    return 0.0 if rate <= too_low * (1 + 1e-6) or rate >= too_high else 0.5


def resnet_decay(got, run):
    low, high = (2e-5, 2e-4) if got["optimizer"] == "sgd" else (0.01, 0.3)
    return 1.0 if between(decay_of(got, "matrix"), low, high) else 0.5


def resnet_schedule(got, run):
    rates, warm = np.asarray(got["rates"]), first_peak(got)
    if got["late_milestones"] or not got["handed_over"]:
        return 0.0
    if got["step_on"] == "val_loss":
        return 0.5
    # A schedule whose unit was mistaken falls within a few of the run's steps, or climbs again and again.
    collapsed = np.flatnonzero(rates[warm:] < 0.05 * peak(got))
    too_soon = len(collapsed) > 0 and collapsed[0] < 0.1 * len(rates)
    climbs = int(np.count_nonzero(np.diff((rates[warm:] > 0.5 * peak(got)).astype(int)) > 0))
    if too_soon or climbs > 2 or end(got) > 0.9 or warm > len(rates) / 2:
        return 0.0
    return 1.0 if end(got) <= 0.02 and climbs == 0 else 0.5


def resnet_warmup(got, run):
    warm = warm_up(got) / got["per_epoch"]
    if run["batch_size"] >= 1024:
        if warm == 0:
            return 0.0
        return 1.0 if 1 - 1 / got["per_epoch"] <= warm <= 20 else 0.5
    return 1.0 if warm <= 20 and (got["optimizer"] == "sgd" or warm > 0) else 0.5


def resnet_epochs(got, run):
    return 1.0 if between(got["epochs"], 60, 600) else 0.0 if got["epochs"] < 15 else 0.5


# ---- MLP: the validation loss falls for twelve epochs, then it stalls

FALLS, STALLS = 12, 60
MLP_LOSSES = [0.97**epoch for epoch in range(FALLS)] + [0.97 ** (FALLS - 1)] * STALLS


def mlp_family(got, run):
    if got["missing"]:
        return 0.0
    if got["optimizer"] == "sgd":
        return 1.0 if between(float(got["momentum"]), 0.85, 0.99) else 0.5
    return 1.0 if got["optimizer"] in ("adam", "adamw") else 0.5


def mlp_rate(got, run):
    low, high, too_low, too_high = (
        (0.01, 0.1, 1e-4, 1.0) if got["optimizer"] == "sgd" else (3e-4, 1e-2, 1e-5, 3e-2)
    )
    if between(peak(got), low, high):
        return 1.0
    return 0.0 if peak(got) <= too_low or peak(got) >= too_high else 0.5


def mlp_decay(got, run):
    decay, dropout = decay_of(got, "matrix"), float(got["dropout"])
    if (decay == 0 and dropout == 0) or (got["optimizer"] == "adam" and decay >= 0.1):
        return 0.0
    low, high = {"adam": (1e-5, 3e-2), "sgd": (1e-5, 1e-2)}.get(got["optimizer"], (1e-4, 1.0))
    return 1.0 if between(decay, low, high) else 0.5


def mlp_dropout(got, run):
    dropout = float(got["dropout"])
    if dropout == 0 and decay_of(got, "matrix") == 0:
        return 0.0
    return 1.0 if between(dropout, 0.1, 0.6) else 0.5


def mlp_schedule(got, run):
    rates = np.asarray(got["rates"])[:: got["per_epoch"]]
    if not got["handed_over"] or float(rates.min()) == float(rates.max()):
        return 0.0
    if got["step_on"] != "val_loss":
        return 0.5
    before = float(rates[min(FALLS, len(rates)) - 1])
    if before < 0.9 * float(rates[0]):
        return 0.0  # lowered while the loss was falling
    patience = got["patience"] or STALLS
    lowered = [float(rate) for rate in rates[FALLS : FALLS + patience] if float(rate) < 0.99 * before]
    if not lowered:
        return 0.0
    return 1.0 if between(lowered[0] / before, 0.1, 0.7) else 0.5


def mlp_stopping(got, run):
    patience = got["patience"]
    if patience is None or patience >= got["epochs"]:
        return 0.0
    return 1.0 if between(patience, 3, 30) else 0.5


# Kind -> its criteria, and what a lost one is about; never the ends of its range.
CRITERIA = {
    "bert": {
        bert_family: "a transformer is fine-tuned in all its parameters, with decay that is not L2",
        bert_rate: "large steps overwrite what the pre-trained part knows, tiny ones never reach the task",
        bert_decay: "with a pre-trained transformer norms and biases are not decayed, and the rest is mildly",
        bert_schedule: "warm up over a small part of this run's steps and fall to nearly 0, batch by batch",
        bert_epochs: "a pre-trained network needs a few passes over the reviews, not one or dozens",
    },
    "resnet": {
        resnet_family: "a CNN from scratch wants momentum SGD, or decoupled decay with AdamW",
        resnet_rate: "the rate is far from what its optimizer and its batch size ask for",
        resnet_decay: "the usual strength of weight decay depends on the optimizer: L2 is not decoupled",
        resnet_schedule: "the rate has to fall to a small part of its peak, over the run, in the right unit",
        resnet_warmup: "large batches want some epochs of warm-up, and so does AdamW",
        resnet_epochs: "a network that starts from nothing needs many passes over the images",
    },
    "mlp": {
        mlp_family: "Adam, AdamW and momentum SGD all do for a small network, and all of it is trained",
        mlp_rate: "the rate is far from what its optimizer is known to bear, or to need",
        mlp_decay: "few rows need weight decay, of the strength that goes with the optimizer",
        mlp_dropout: "few rows need dropout, of a share that leaves enough units",
        mlp_schedule: "the rate follows the validation loss: it falls once that stalls, and before the stop",
        mlp_stopping: "the run is stopped when the validation loss no longer improves, after some patience",
    },
}
RATES = (bert_rate, resnet_rate, mlp_rate)


def apart(one, other):
    """Whether the larger peak exceeds the smaller one by more than 1 %."""
    low, high = sorted((peak(one), peak(other)))
    return low * 1.01 < high


def judge_plans(student, bench, rounds):
    """Awards the mean share over rounds, scenarios and criteria."""
    earned, lost, carried = [], [], []
    for runs in rounds:
        plans = {}
        for kind, run in runs.items():
            losses = MLP_LOSSES if kind == "mlp" else [0.999**epoch for epoch in range(1000)]
            plans[kind] = student.run(bench.carried_out, kind=kind, **run, losses=losses)
        peaks = sorted(peak(got) for got in plans.values())
        check(all(0 < number < math.inf for number in peaks), "a learning rate is not a positive number")
        check(min(peaks) < max(peaks), "the three scenarios have the same learning rate")
        carried.append(plans)
    # A rate that goes with the batch may meet another one at one size; two that are one meet in every round.
    distinct = all(
        any(apart(plans[one], plans[other]) for plans in carried)
        for one, other in itertools.combinations(CRITERIA, 2)
    )
    if not distinct:
        lost += ["the three scenarios need three different learning rates"] * 4 * len(rounds)
    for runs, plans in zip(rounds, carried, strict=True):
        for kind, run in runs.items():
            for criterion, reason in CRITERIA[kind].items():
                share = criterion(plans[kind], run) if distinct or criterion not in RATES else 0.0
                earned.append(share)
                if share < 1:
                    lost.append(f"{kind}: {reason}")
    award(sum(earned) / len(earned), max(lost, key=lost.count, default=""))


def pick(rng, samples, batches):
    return {"samples": int(rng.integers(*samples)), "batch_size": int(rng.choice(batches))}


@graded("p2.configure", points=7.8, rung="random")
def test_configure_random(student, bench, rng):
    """Plans for random sizes, carried out: optimizer, rate, decay, schedule and the rest of each scenario."""
    rounds = [
        {
            "bert": pick(rng, (10_000, 60_000), (16, 32, 64)),
            "resnet": pick(rng, (20_000, 60_000), batches),
            "mlp": pick(rng, (4_000, 6_000), (32, 64, 128)),
        }
        for batches in ((256, 512), (1024, 4096), (2048,), (2048,))
    ]
    judge_plans(student, bench, rounds)


@graded(
    "p2.configure", points=3.9, rung="edges", hint="Compute step counts, rates and lengths from the scenario."
)
def test_configure_unusual_sizes(student, bench, rng):
    """Small sets, the smallest batch that wants a warm-up, a very large one."""
    rounds = [
        {
            "bert": pick(rng, (1_000, 3_000), (16, 32)),
            "resnet": pick(rng, (10_000, 30_000), (batch,)),
            "mlp": pick(rng, (1_500, 3_000), (16, 32)),
        }
        for batch in (128, 1024, 8192)
    ]
    judge_plans(student, bench, rounds)

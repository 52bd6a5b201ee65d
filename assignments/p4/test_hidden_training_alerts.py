"""Hidden tests of training.py: alerts on planted traces."""

import math

import numpy as np

from grader.testing import award, beside, closed_share, graded

TRACES = beside(__file__, "shared_public_traces")


def some_events(rng, most):
    """A few of the events, in any order."""
    return rng.permutation(TRACES.EVENTS)[: int(rng.integers(0, most + 1))].tolist()


@graded("p4.monitor", points=2.0, rung="random", hint="Which steps does each line of the table count?")
def test_alerts_random(student, rng):
    """40 traces with up to four faults; a false alert or a step elsewhere cancels a right one."""
    pooled = []
    for at, shape in enumerate(rng.permutation(np.repeat(TRACES.SHAPES, 8)).tolist()):
        trace, right = TRACES.trace(rng, shape, some_events(rng, 3))
        found = student.training.alerts(trace)
        pooled.append(TRACES.judged(at, found, right))
    award(closed_share(pooled), "some alerts are missing or false; a false one cancels a right one")


def after_the_end(rng):
    """A NaN, and everything else after it."""
    trace, _ = TRACES.trace(rng, str(rng.choice(["falls", "hump"])), ())
    steps = len(trace["loss"])
    end = int(rng.integers(320, steps - 300))
    for step in range(end, steps):
        trace["lr"][step] *= 2
        trace["throughput"][step] *= 0.2
        trace["loss"][step] *= 6
    trace[str(rng.choice(["loss", "grad_norm"]))][end] = float(rng.choice([math.nan, math.inf, -math.inf]))
    trace["grad_norm"][end + 60] *= 1000
    for k, step in enumerate(trace["eval_steps"]):
        if step >= end:
            trace["val_loss"][k] = 0.01 * (1 + k)
            trace["caption_score"][k] = 0.0
    return trace, {"nan": end}


def before_the_fiftieth(rng):
    """Spikes of both kinds while nothing can be compared yet."""
    trace, right = TRACES.trace(rng, "falls", ())
    trace["loss"][int(rng.integers(5, 45))] *= 10
    trace["grad_norm"][int(rng.integers(5, 45))] *= 100
    return trace, right


def below_chance_by_little(rng):
    """No caption is right, and the loss says so: it stays above half the chance loss."""
    trace, right = TRACES.trace(rng, "falls", ())
    floor = 0.6 * trace["chance_loss"]
    trace["val_loss"] = [floor + 0.4 * loss for loss in trace["val_loss"]]
    trace["caption_score"] = [0.0] * len(trace["val_loss"])
    return trace, right


@graded(
    "p4.monitor", points=0.4, rung="edges", hint="What does the table say about steps after the first NaN?"
)
def test_alerts_edges(student, rng):
    """Faults after the end, spikes at the beginning, much that looks odd, several faults at once."""
    drawn = [after_the_end(rng) for _ in range(5)] + [before_the_fiftieth(rng) for _ in range(3)]
    drawn += [below_chance_by_little(rng) for _ in range(2)]
    drawn += [TRACES.trace(rng, shape, ()) for shape in ("falls", "hump") for _ in range(3)]
    drawn += [TRACES.trace(rng, str(shape), TRACES.EVENTS) for shape in TRACES.SHAPES[1:4]]
    pooled = [
        TRACES.judged(at, student.training.alerts(trace), right) for at, (trace, right) in enumerate(drawn)
    ]
    award(closed_share(pooled), "some alerts are missing or false; a false one cancels a right one")


# ---- Made by hand: every block of 50 steps has one loss, and ends with an evaluation

EVERY, BLOCKS = 50, 16


def in_blocks(rng, levels):
    """A trace without noise worth the name, whose losses fall but for some blocks.

    :param levels: {block: loss of the block, beside that of the first one named}; the losses of the blocks
        before fall by a tenth from block to block, and so do those behind, from the lowest of all.
    :return: the trace, whose validation losses fall too.
    """
    first, last = min(levels), max(levels)
    level = np.array([1 / 0.9 ** (first - block) for block in range(BLOCKS)])
    level[list(levels)] = list(levels.values())
    behind = np.arange(1, BLOCKS - last)
    level[last + 1 :] = min(levels.values()) * 0.9**behind
    steps = EVERY * BLOCKS
    chance = float(rng.uniform(4, 10))
    loss = chance * 0.9**first * np.repeat(level, EVERY)
    planned = np.full(steps, float(10 ** rng.uniform(-5, -3)))
    trace = {
        "loss": (loss * np.exp(0.001 * rng.normal(size=steps).clip(-3, 3))).tolist(),
        "grad_norm": np.exp(0.2 * rng.normal(size=steps).clip(-3, 3)).tolist(),
        "lr": planned.tolist(),
        "planned_lr": planned.tolist(),
        "throughput": (800 + 20 * rng.normal(size=steps).clip(-3, 3)).tolist(),
        "eval_steps": list(range(2 * EVERY - 1, steps, EVERY)),
        "val_loss": (chance * 0.97 ** np.arange(BLOCKS - 1)).tolist(),
        "caption_score": (0.3 + 0.04 * np.arange(BLOCKS - 1)).tolist(),
        "warmup": 60,
        "chance_loss": chance,
    }
    return trace


def rising(trace, first):
    """Let the validation loss rise three times, up to the evaluation behind the third block after this."""
    val = trace["val_loss"]
    for k in range(first, first + 3):
        val[k] = val[first - 1] * 1.05 ** (k - first + 1)
    val[first + 3 :] = [val[first - 1] * 0.97**k for k in range(1, len(val) - first - 2)]
    return trace


def between_three_evaluations(rng):
    """Four validation losses, each above the one before, and training losses that do not fall in a line."""
    first = int(rng.integers(4, 9))  # the block behind whose end the validation loss is lowest
    made = []
    for levels, falls in (
        ((1.0, 0.7, 0.5, 0.7), True),  # lower than three evaluations ago, above the last
        ((1.0, 1.6, 1.5, 1.4), False),  # above three evaluations ago, lower than the last
    ):
        trace = rising(in_blocks(rng, {first + k: level for k, level in enumerate(levels)}), first)
        made.append((trace, {"overfit": (first + 4) * EVERY - 1} if falls else {}))
    return made


def one_loss_stands_out(rng):
    """A single loss at the step of an evaluation says another thing than the median."""
    first = int(rng.integers(4, 9))
    end = (first + 4) * EVERY - 1
    made = []
    for levels, odd, falls in (
        ((1.0, 0.9, 0.81, 0.73), end, True),
        ((1.0, 1.05, 1.1, 1.15), end - 3 * EVERY, False),
    ):
        trace = rising(in_blocks(rng, {first + k: level for k, level in enumerate(levels)}), first)
        trace["loss"][odd] *= 1.8
        made.append((trace, {"overfit": end} if falls else {}))
    return made


def some_captions_are_right(rng):
    """Low losses, and one or two evaluations at which no caption was right; three are asked."""
    made = []
    for zeros in (1, 2):
        trace = in_blocks(rng, {0: 1.0})
        trace["val_loss"] = [0.3 * trace["chance_loss"] * 0.97**k for k in range(BLOCKS - 1)]
        first = int(rng.integers(3, 10))
        trace["caption_score"][first : first + zeros] = [0.0] * zeros
        made.append((trace, {}))
    trace = in_blocks(rng, {0: 1.0})  # no caption is right at the first evaluation whose loss is low
    trace["val_loss"][first:] = [0.3 * loss for loss in trace["val_loss"][first:]]
    trace["caption_score"][first] = 0.0
    return [*made, (trace, {})]


def evaluated_at_the_end(rng):
    """The evaluation that would complete an alert is at the step of the first NaN, or behind: it does not
    count.
    """
    first = int(rng.integers(5, 9))
    end = (first + 4) * EVERY - 1
    overfit = rising(in_blocks(rng, {first: 1.0}), first)
    made = [(overfit, end)]
    for last in (end, end - EVERY // 2):
        silent = in_blocks(rng, {0: 1.0})
        silent["val_loss"] = [0.3 * silent["chance_loss"] * 0.97**k for k in range(BLOCKS - 1)]
        silent["caption_score"][first : first + 3] = [0.0] * 3
        made.append((silent, last))
    for trace, last in made:
        trace[str(rng.choice(["loss", "grad_norm"]))][last] = math.nan
    return [(trace, {"nan": last}) for trace, last in made]


def beside_a_tower(rng):
    """A jump soon after one that is far higher, which came before step 50: a mean would not see it."""
    made = []
    for column, tower, jump, alert in (("loss", 150, 6, "spike"), ("grad_norm", 5000, 60, "exploding_grad")):
        trace = in_blocks(rng, {0: 1.0})
        start = int(rng.integers(62, 78))
        trace[column][int(rng.integers(30, 42))] *= tower
        trace[column][start] *= jump
        made.append((trace, {alert: start}))
    return made


def at_the_first_evaluations(rng):
    """Alerts that the first evaluations complete, whatever the last ones say."""
    overfit = rising(in_blocks(rng, {1: 1.0}), 1)
    silent = in_blocks(rng, {0: 1.0})
    silent["val_loss"] = [0.3 * silent["chance_loss"] * 0.97**k for k in range(BLOCKS - 1)]
    silent["caption_score"][:3] = [0.0] * 3
    silent["caption_score"][-2:] = [0.0] * 2
    # Two evaluations are worse than the first, which is worse than the last; the last training loss is high.
    two = in_blocks(rng, {block: 0.97**block for block in range(BLOCKS - 1)} | {BLOCKS - 1: 1.05})
    two["val_loss"][1:3] = [1.05 * two["val_loss"][0], 1.1 * two["val_loss"][0]]
    return [
        (overfit, {"overfit": 5 * EVERY - 1}),
        (silent, {"score_disagrees": 4 * EVERY - 1}),
        (two, {}),
    ]


def at_the_last_step(rng):
    """Alerts of the last step before the end, and of the last evaluation."""
    jumps = in_blocks(rng, {0: 1.0})
    end = int(rng.integers(300, 700))
    jumps["loss"][end - 1] *= 8
    jumps["grad_norm"][end - 1] *= 100
    jumps[str(rng.choice(["loss", "grad_norm"]))][end] = math.nan
    overfit = rising(in_blocks(rng, {BLOCKS - 4: 1.0}), BLOCKS - 4)
    return [
        (jumps, {"spike": end - 1, "exploding_grad": end - 1, "nan": end}),
        (overfit, {"overfit": BLOCKS * EVERY - 1}),
    ]


def now_and_then(rng):
    """What goes on at every second step, or only at the first and the last, and what goes on for two."""
    every_second, ends, two, start = (in_blocks(rng, {0: 1.0}) for _ in range(4))
    at = int(rng.integers(200, 600))
    for trace, steps in ((every_second, (at, at + 2, at + 4)), (ends, (0, -1)), (two, (at, at + 1))):
        for step in steps:
            trace["lr"][step] *= 1.5
    start["lr"][:2] = [1.5 * start["lr"][0]] * 2
    scores = in_blocks(rng, {0: 1.0})
    scores["val_loss"] = [0.3 * scores["chance_loss"] * 0.97**k for k in range(BLOCKS - 1)]
    scores["caption_score"][::2] = [0.0] * len(scores["caption_score"][::2])
    wrong = "lr_off_schedule"
    return [(every_second, {}), (ends, {}), (two, {wrong: at + 1}), (start, {wrong: 1}), (scores, {})]


def plateaus(rng):
    """One that ends, and one above the losses of the warm-up."""
    first = int(rng.integers(3, 6))
    ends = in_blocks(rng, dict.fromkeys(range(first, first + 6), 1.0))
    above = in_blocks(rng, {0: 0.6} | dict.fromkeys(range(1, BLOCKS), 1.0))
    # The fall by a tenth before the first is over when its first step is 200 steps old; the second counts
    # from the end of the warm-up.
    return [(ends, {"plateau": first * EVERY + 200}), (above, {"plateau": above["warmup"] + 200})]


def norms_that_change(rng):
    """Gradient norms that jump from a low level after a high one, and norms that stay high after the jump."""
    falls, stays = in_blocks(rng, {0: 1.0}), in_blocks(rng, {0: 1.0})
    steps = len(falls["grad_norm"])
    falls["grad_norm"] = (np.array(falls["grad_norm"]) * np.geomspace(100, 0.1, steps)).tolist()
    late, early = int(rng.integers(690, 740)), int(rng.integers(150, 250))
    falls["grad_norm"][late] *= 40
    stays["grad_norm"][early:] = [50 * norm for norm in stays["grad_norm"][early:]]
    return [(falls, {"exploding_grad": late}), (stays, {"exploding_grad": early})]


MADE = (
    between_three_evaluations,
    one_loss_stands_out,
    some_captions_are_right,
    evaluated_at_the_end,
    beside_a_tower,
)
# What decides where an alert begins and ends: the first and the last step, the first and the last evaluation.
BORDERS = (
    at_the_first_evaluations,
    at_the_last_step,
    now_and_then,
    plateaus,
    norms_that_change,
)


@graded(
    "p4.monitor", points=0.3, rung="edges", hint="What is compared with what? Say it of four evaluations."
)
def test_alerts_compare_what_is_named(student, rng):
    """Medians and not single losses or means; three evaluations ago and not one; none at the end."""
    drawn = [each for make in MADE for each in make(rng)]
    pooled = [
        TRACES.judged(at, student.training.alerts(trace), right) for at, (trace, right) in enumerate(drawn)
    ]
    award(closed_share(pooled), "some alerts are missing or false; a false one cancels a right one")


@graded(
    "p4.monitor", points=0.3, rung="edges", hint="Take each line at the first and at the last place it fits."
)
def test_alerts_at_the_borders(student, rng):
    """Alerts of the first and the last evaluations and steps, faults now and then, plateaus that end."""
    drawn = [each for make in BORDERS for each in make(rng)]
    pooled = [
        TRACES.judged(at, student.training.alerts(trace), right) for at, (trace, right) in enumerate(drawn)
    ]
    award(closed_share(pooled), "some alerts are missing or false; a false one cancels a right one")

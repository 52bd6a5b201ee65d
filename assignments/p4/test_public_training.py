"""Public tests of training.py: alerts, mixed precision, checkpoints, shards and gradients over ranks."""

import math

import numpy as np
import pytest

from grader.testing import assert_close, assert_same, award, beside, check, closed_share, graded

TRACES = beside(__file__, "shared_public_traces")
BATCHES = beside(__file__, "shared_public_batches")

# ---- p4.monitor


@graded("p4.monitor", points=0.5, rung="interface")
def test_alerts_form(student):
    """A dict from names of given.ALERTS to steps of the trace."""
    trace, _ = TRACES.trace(np.random.default_rng(1), "overfit", ("spike",))
    got = TRACES.named(student.training.alerts(trace))
    known = {"overfit", "plateau", "score_disagrees", *TRACES.EVENTS}
    check(bool(got) and set(got) <= known, "the alerts are not from the list", f"{sorted(got)}")
    check(all(0 <= step < len(trace["loss"]) for step in got.values()), "a step is not one of the trace")


@graded("p4.monitor", points=0.5, rung="figures")
def test_alerts_of_the_example(student):
    """Twice the planned rate from step 100 on is noticed at step 101; with the planned rate nothing is."""
    t = np.arange(400)
    loss = 4.0 * np.exp(-0.002 * t)
    planned = 1e-4 * np.minimum((t + 1) / 40, 1.0)
    trace = {
        "loss": loss.tolist(),
        "grad_norm": [1.0] * 400,
        "lr": np.where(t < 100, planned, 2 * planned).tolist(),
        "planned_lr": planned.tolist(),
        "throughput": [900.0] * 400,
        "eval_steps": [100, 200, 300],
        "val_loss": (1.05 * loss[[100, 200, 300]]).tolist(),
        "caption_score": [0.0, 0.1, 0.3],
        "warmup": 40,
        "chance_loss": 4.0,
    }
    got = TRACES.named(student.training.alerts(trace))
    check(set(got) == {"lr_off_schedule"}, "the alerts of the example", f"{got}")
    check(abs(got["lr_off_schedule"] - 101) <= TRACES.NEAR, "the step of the example", f"{got}")
    in_order = trace | {"lr": trace["planned_lr"]}
    quiet = TRACES.named(student.training.alerts(in_order))
    check(not quiet, "a training in order raises an alert", f"{quiet}")


@graded(
    "p4.monitor",
    points=1.0,
    rung="figures",
    hint="Say it of one step, as the table does; then find the first.",
)
def test_alerts_one_by_one(student):
    """Eight traces with one fault each, and two without; a false alert cancels a right one."""
    rng = np.random.default_rng(4)
    kinds = [(shape, ()) for shape in ("plateau", "overfit", "score_disagrees", "falls", "hump")]
    kinds += [("falls", (event,)) for event in TRACES.EVENTS]
    pooled, wrong = [], []
    for at, (shape, events) in enumerate(kinds):
        trace, right = TRACES.trace(rng, shape, events)
        pooled.append(TRACES.judged(at, student.training.alerts(trace), right))
        said, required, _ = pooled[-1]
        if said != required:
            wrong.append(f"trace {at} ({shape}, {events}): asked {right}")
    award(closed_share(pooled), "some alerts are missing or false", "; ".join(wrong))


@graded("p4.monitor", points=0, rung="random")
def test_alerts_of_planted_traces(student, rng):
    """Random traces with up to three faults each; a false alert cancels a right one."""
    pooled = []
    for at in range(10):
        events = rng.permutation(TRACES.EVENTS)[: int(rng.integers(0, 3))].tolist()
        trace, right = TRACES.trace(rng, str(rng.choice(TRACES.SHAPES)), events)
        pooled.append(TRACES.judged(at, student.training.alerts(trace), right))
    trace, right = TRACES.trace(rng, "falls", ["spike"])
    pooled.append(TRACES.judged(10, student.training.alerts(trace), right))
    award(closed_share(pooled), "some alerts are missing or false")


# ---- p4.amp


@graded("p4.amp", points=0.6, rung="interface")
def test_train_step_form(student, bench):
    """The loss and the norm are numbers, the layers compute in half precision, the weights move."""
    seen = student.run(bench.mixed_steps, 3, 1, "float16", 256.0, 1.0)
    check(0 < seen["loss"][0] < math.inf, "the loss is a positive number")
    check(0 < seen["norm"][0] < math.inf, "the norm is a positive number")
    assert_same(seen["types"], ["float16"], "the types that the layers computed in")
    other = student.run(bench.mixed_steps, 3, 0, "float16", 256.0, 1.0)
    check(float(np.abs(seen["weights"] - other["weights"]).max()) > 1e-4, "the weights have not moved")


@graded("p4.amp", points=0.6, rung="figures", hint="The gradient that is clipped must be that of the loss.")
def test_train_step_of_the_example(student, bench):
    """Loss 9, norm 18, weight 0.9, whatever the scale; without clipping the weight is -0.8."""
    for scale in (1.0, 1024.0):
        seen = student.run(bench.one_weight, 3.0, "float16", scale, 1.0, 1)
        assert_close(seen["loss"], [9.0], f"the loss at scale {scale:g}")
        assert_close(seen["norm"], [18.0], f"the norm at scale {scale:g}")
        assert_close(seen["weights"], np.array([0.9]), f"the weight at scale {scale:g}")
    seen = student.run(bench.one_weight, 3.0, "float16", 1024.0, 100.0, 1)
    assert_close(seen["weights"], np.array([-0.8]), "the weight where nothing is clipped")


@graded(
    "p4.amp", points=0.6, rung="figures", hint="How do you see afterwards that the scaler has skipped a step?"
)
def test_train_step_five_steps_are_skipped(student, bench):
    """From a scale of 65,536 five calls overflow; the sixth makes the first step, at the first rate."""
    seen = student.run(bench.one_weight, 3.0, "float16", 65536.0, 1.0, 6)
    assert_same(seen["scale"], [32768.0, 16384.0, 8192.0, 4096.0, 2048.0, 2048.0], "the scales")
    assert_close(seen["rates"], [0.1], "the rates of the steps that were made")
    assert_close(seen["next_lr"], [0.1] * 5 + [0.08], "the scheduler's rate after each call")
    assert_close(seen["weights"], np.array([0.9]), "the weight after six calls")
    check(not np.isfinite(seen["norm"][:5]).any(), "the norm of a step that is skipped is inf or nan")


@graded("p4.amp", points=0.6, rung="figures")
def test_train_step_bfloat16_of_the_example(student, bench):
    """The same numbers in bfloat16, without a scaler; the second step is made at the second rate."""
    seen = student.run(bench.one_weight, 3.0, "bfloat16", None, 1.0, 2)
    assert_same(seen["types"], ["bfloat16"], "the type that the layer computed in")
    assert_close(seen["rates"], [0.1, 0.08], "the rates of the two steps")
    check(abs(seen["norm"][0] - 18) < 0.1, "the first norm", f"{seen['norm']}")
    off = float(np.abs(seen["weights"] - 0.82).max())
    check(off < 1e-4, "the weight after two steps", f"{seen['weights']}")


@graded("p4.amp", points=0, rung="random")
def test_train_step_scale_does_not_show(student, bench, rng):
    """Scales from 1 to 1,024 leave the same weights, but for the rounding of half precision."""
    for seed in rng.integers(2**31, size=3).tolist():
        runs = [student.run(bench.mixed_steps, seed, 1, "float16", scale, 0.5) for scale in (16.0, 256.0)]
        moved = [float(np.abs(run["weights"] - runs[0]["weights"]).max()) for run in runs]
        check(max(moved) < 2e-4, "the weights depend on the scale", f"they differ by {max(moved):.2g}")
        low, high = sorted(run["norm"][0] for run in runs)
        check(0 < high < 1.01 * low, "the norm depends on the scale, or is 0", f"{low:.4g}, {high:.4g}")


# ---- p4.checkpoint


@graded("p4.checkpoint", points=0.4, rung="interface")
def test_save_and_load_form(student, bench):
    """save writes a file, and load takes it."""
    file, _ = student.run(bench.interrupted, 1, 2, 4)
    check(len(file) > 0, "the file is empty")
    losses, loaded, _, _ = student.run(bench.resumed, file, 9, 2, 3)
    check(len(losses) == 3 and bool(np.isfinite(losses).all()), "three steps after the load")
    assert_same(loaded["place"]["step"], 4, "the step after the load")


@graded("p4.checkpoint", points=0.3, rung="interface")
def test_should_save_form(student):
    """A set of the three words, and not the same one always."""
    got = student.training.should_save(5000, 0.5, 0.4, 5000)
    check(bool(got) and got <= {"regular", "best", "final"}, "the words are not from the list", f"{got}")
    other = student.training.should_save(4999, None, 0.4, 50_000)
    check(other < got, "nothing is due after any step, without a score", f"{other}")


@graded(
    "p4.checkpoint", points=0.9, rung="figures", hint="What else has a state? What decides the next batch?"
)
def test_ten_steps_are_five_and_five(student, bench):
    """Five steps, save, load in a new process, five steps: the same bits as ten steps."""
    losses, whole = student.run(bench.straight, 7, 8, [5, 5])
    file, _ = student.run(bench.interrupted, 7, 8, 5)
    again, _, end, _ = student.anew().run(bench.resumed, file, 99, 8, 5)
    for part, what in (("learned", "what was learned"), ("place", "the place"), ("random", "the generators")):
        assert_same(end[part], whole[part], f"{what} after ten steps, saved and loaded half-way")
    assert_same(again, losses[5:], "the losses of the last five steps")


@graded(
    "p4.checkpoint", points=0.5, rung="figures", hint="Does anything draw a random number while you save?"
)
def test_saving_changes_nothing(student, bench):
    """Ten steps with a save after the third and the sixth are ten steps."""
    want = student.run(bench.straight, 5, 6, [3, 3, 4])
    got = student.run(bench.straight, 5, 6, [3, 3, 4], saved=True)
    assert_same(got, want, "a training that is saved now and then")
    file, saved = student.run(bench.interrupted, 5, 6, 6)
    _, loaded, _, _ = student.anew().run(bench.resumed, file, 99, 6, 1)
    assert_same(loaded["place"]["step"], saved["place"]["step"], "the step, after a load")


@graded("p4.checkpoint", points=0.7, rung="figures")
def test_should_save_of_the_handout(student):
    """The handout's table."""
    rows = [
        ((10_000, 0.31, 0.30, 100_000), {"regular", "best"}),
        ((10_000, 0.30, 0.30, 100_000), {"regular"}),
        ((7_000, 0.02, None, 100_000), {"best"}),
        ((7_000, None, 0.30, 100_000), set()),
        ((100_000, 0.29, 0.30, 100_000), {"regular", "final"}),
        ((11_719, 0.31, 0.30, 11_719), {"best", "final"}),
    ]
    for asked, want in rows:
        assert_same(student.training.should_save(*asked), want, f"what is due at {asked}")


@graded("p4.checkpoint", points=0, rung="random")
def test_resume_is_a_straight_run(student, bench, rng):
    """Random trainings, interrupted anywhere."""
    for _ in range(2):
        seed, data, other = rng.integers(2**31, size=3).tolist()
        first, second = (int(number) for number in rng.integers(1, 9, size=2))
        rows = int(rng.choice([12, 13, 16, 18, 21]))
        _, whole = student.run(bench.straight, seed, data, [first, second], rows)
        file, _ = student.run(bench.interrupted, seed, data, first, rows)
        _, _, end, _ = student.anew().run(bench.resumed, file, other, data, second, rows)
        assert_same(end, whole, "a training that was saved and loaded")


# ---- p4.distributed


@graded("p4.distributed", points=0.4, rung="interface")
def test_shard_form(student):
    """A list of row numbers."""
    got = BATCHES.rows(student.training.shard(20, 2, 0, 0, 0))
    check(
        len(got) == 10 and bool((got >= 0).all() and (got < 20).all()), "ten row numbers below 20", f"{got}"
    )


@graded("p4.distributed", points=0.3, rung="interface")
def test_accumulate_form(student, bench):
    """A finite loss, and a gradient for the weights."""
    batches = [(np.array([[1, 2, 3]]), np.array([[2, 3, 0]]))]
    [(loss, gradients)] = student.run(bench.rank_gradients, 1, 5, [batches], 0)
    check(0 < loss < math.inf, "the loss is a positive number")
    check(float(np.abs(gradients["head.bias"]).max()) > 1e-4, "the head's bias has no gradient")


@graded("p4.distributed", points=0.5, rung="figures")
def test_shards_of_the_handout(student):
    """Ten rows over four ranks: 3, 3, 2, 2, each row once; another epoch gives a rank other rows."""
    parts = [BATCHES.rows(student.training.shard(10, 4, rank, 0, 1)) for rank in range(4)]
    assert_same(sorted(map(len, parts)), [2, 2, 3, 3], "the numbers of rows")
    assert_same(np.sort(np.concatenate(parts)), np.arange(10), "the rows of all ranks")
    epochs = {tuple(BATCHES.rows(student.training.shard(40, 4, 0, epoch, 1)).tolist()) for epoch in range(5)}
    assert_same(len(epochs), 5, "different shards of rank 0 in five epochs")


# Micro-batches of one token and of three; pad is 0. With a head of zeros every token's loss is ln 5.
ONE = (np.array([[1, 2, 3]]), np.array([[2, 0, 0]]))
THREE = (np.array([[2, 3, 4]]), np.array([[3, 4, 1]]))
BIAS = np.array([0.2, 0.2 - 0.25, 0.2 - 0.25, 0.2 - 0.25, 0.2 - 0.25])


@graded("p4.distributed", points=0.7, rung="figures", hint="Add up what is not divided yet; divide once.")
def test_accumulate_of_the_handout(student, bench):
    """One token and three: the loss is ln 5, and the bias of each word has its share of four tokens."""
    [(loss, gradients)] = student.run(bench.rank_gradients, 3, 5, [[ONE, THREE]], 0, flat=True)
    assert_close(loss, math.log(5), "the mean loss of a token")
    assert_close(gradients["head.bias"], BIAS, "the gradient of the head's bias")


@pytest.mark.loopback
@graded(
    "p4.distributed", points=0.9, rung="figures", hint="What must the ranks add up besides the gradients?"
)
def test_two_ranks_of_the_handout(student, bench):
    """The same two micro-batches on two ranks, in two processes: each rank has what one process has."""
    [alone] = student.run(bench.rank_gradients, 3, 5, [[ONE, THREE]], 0)
    for rank, (loss, gradients) in enumerate(student.run(bench.rank_gradients, 3, 5, [[ONE], [THREE]], 0)):
        assert_close(loss, alone[0], f"the loss on rank {rank}")
        assert_close(gradients, alone[1], f"the gradients on rank {rank}")
    for loss, gradients in student.run(bench.rank_gradients, 3, 5, [[ONE], [THREE]], 0, flat=True):
        assert_close(loss, math.log(5), "the mean loss of a token, over two ranks")
        assert_close(gradients["head.bias"], BIAS, "the gradient of the head's bias, over two ranks")


@graded("p4.distributed", points=0, rung="random")
def test_micro_batches_can_be_cut_anywhere(student, bench, rng):
    """The same captions in one micro-batch, one by one, and in another order."""
    for _ in range(3):
        seed, words = int(rng.integers(2**31)), int(rng.integers(4, 12))
        inputs, targets = BATCHES.batch(rng, words, rows=5, length=6, pad=0)
        singles = [(inputs[row : row + 1], targets[row : row + 1]) for row in range(5)]
        cuts = [[(inputs, targets)], singles, [singles[3], (inputs[:3], targets[:3]), singles[4]]]
        answers = [student.run(bench.rank_gradients, seed, words, [cut], 0)[0] for cut in cuts]
        for loss, gradients in answers[1:]:
            assert_close(loss, answers[0][0], "the loss of micro-batches cut in another way")
            assert_close(gradients, answers[0][1], "the gradients of micro-batches cut in another way")

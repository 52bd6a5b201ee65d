"""Public tests of resnet.py: form, the handout's figures, laws that hold for any network."""

import numpy as np

from grader.testing import assert_close, assert_same, check, graded

# ---- p2.count ----------------------------------------------------------------------------------------------

PARTS = ("stem", "stage1", "stage2", "stage3", "head", "total")


@graded("p2.count", points=1.2, rung="interface")
def test_count_form(student):
    """The docstring's network of width 1; the total is the sum of its parts."""
    got = student.resnet.count_parameters(1, 1, 2)
    assert_same(set(got), set(PARTS), "the keys")
    want = {"stem": 29, "stage1": 22, "stage2": 68, "stage3": 248, "head": 10, "total": 377}
    assert_same(got, want, "width 1, one block a stage, two classes")
    for width in (2, 5):
        counts = student.resnet.count_parameters(width)
        parts = sum(int(counts[part]) for part in PARTS[:-1])
        assert_same(counts["total"], parts, f"the total of width {width} with the defaults, and its parts")


@graded("p2.count", points=1.6, rung="figures", hint="Compare line by line with the handout's sums.")
def test_count_base_16(student):
    """Width 16: 464, 14,016, 51,648, 205,696 and 650 make 272,474."""
    got = student.resnet.count_parameters(width=16, blocks_per_stage=3, num_classes=10)
    figures = (464, 14_016, 51_648, 205_696, 650, 272_474)
    assert_same(got, dict(zip(PARTS, figures, strict=True)), "width 16, three blocks a stage, ten classes")


@graded("p2.count", points=0, rung="random")
def test_count_laws(student, rng):
    """Every further block costs a stage the same; a further class costs one row of the head."""
    width, blocks, classes = (int(number) for number in rng.integers(3, 60, size=3))

    def count(more_blocks, more_classes=0):
        counts = student.resnet.count_parameters(width, blocks + more_blocks, classes + more_classes)
        return {part: int(counts[part]) for part in PARTS}

    plain, one, four = count(0), count(1), count(4)
    for part in ("stage1", "stage2", "stage3"):
        check(one[part] > plain[part], "a further block costs something", f"{part} at width {width}")
        cost = one[part] - plain[part]
        assert_same(four[part] - plain[part], 4 * cost, f"the cost of four more blocks in {part}")
    check(one["stem"] == plain["stem"] and one["head"] == plain["head"], "blocks do not change stem or head")
    assert_same(count(0, 1)["head"] - plain["head"], 4 * width + 1, "the cost of a further class")


# ---- p2.shortcuts ------------------------------------------------------------------------------------------


@graded("p2.shortcuts", points=0.5, rung="interface")
def test_shortcuts_form(student):
    """The docstring's two blocks on an image of 5 x 5."""
    want = [("identity", (4, 5, 5), (4, 5, 5)), ("projection", (4, 5, 5), (8, 3, 3))]
    assert_same(student.resnet.shortcuts([4, 8], 1, 5), want, "widths 4 and 8, one block a stage")


@graded("p2.shortcuts", points=1.5, rung="figures", hint="Which blocks change the shape?")
def test_shortcuts_base_32(student):
    """Width 32 on images of 32 x 32: nine blocks, two of them with a projection."""
    first, second, third = (32, 32, 32), (64, 16, 16), (128, 8, 8)
    want = [
        *[("identity", first, first)] * 3,
        ("projection", first, second),
        *[("identity", second, second)] * 2,
        ("projection", second, third),
        *[("identity", third, third)] * 2,
    ]
    assert_same(student.resnet.shortcuts(widths=[32, 64, 128], blocks_per_stage=3), want, "the nine blocks")


@graded("p2.shortcuts", points=0, rung="random")
def test_shortcuts_join(student, rng):
    """What one block gives, the next one takes; an identity changes nothing."""
    widths, blocks = rng.integers(2, 100, size=4).tolist(), int(rng.integers(2, 5))
    plan = student.resnet.shortcuts(widths, blocks, 64)
    assert_same(len(plan), 4 * blocks, "the number of blocks")
    assert_same(plan[0][1], (widths[0], 64, 64), "what the first block is given")
    for at, (kind, given, made) in enumerate(plan):
        check(kind in ("identity", "projection"), "a kind is neither identity nor projection", f"{kind!r}")
        if at:
            assert_same(given, plan[at - 1][2], f"what block {at} is given, and what the one before it makes")
        if str(kind) == "identity":
            assert_same(made, given, f"the shape that the identity of block {at} makes")


# ---- p2.design ---------------------------------------------------------------------------------------------

# Every right answer.
NEAR_270_000 = ((9, 9), (11, 6), (16, 3), (30, 1))
NEAR_A_MILLION = ((15, 12), (58, 1))


# Parameters of four networks of the handout, with ten classes. With each number of classes from 2 to 50 no
# other network within the bounds is as large as one of them.
NETWORKS = {(4, 1): 5_214, (16, 3): 272_474, (12, 17): 920_518, (60, 1): 1_079_350}


def own_counts(student, bench, *classes):
    """The student's count (253, 18) of every network for each number of classes; None if it cannot be used.

    Asked before any design, so that what design is asked cannot reach it.
    """
    tables = [np.array(table) for table in student.run(bench.totals, list(classes))]
    grow = all((np.diff(table, axis=0) > 0).all() and (np.diff(table, axis=1) >= 0).all() for table in tables)
    return tables if tables and grow else None


def accepted(student, own, target, tolerance, known):
    """Whether a design fits: it is one of those known, or fits by the student's own count."""
    got = student.resnet.design(target, tolerance)
    if got is None:
        fits = not known
    else:
        width, blocks = got
        fits = any(int(width) == right[0] and int(blocks) == right[1] for right in known)
    if fits or own is None:
        return fits
    # A slip in p2.count is not charged twice.
    off = np.abs(own[0] - target)
    if got is None:
        return bool(off.min() > tolerance)
    inside = 4 <= width <= 256 and 1 <= blocks <= 18
    return bool(inside and off[int(width) - 4, int(blocks) - 1] <= tolerance)


@graded("p2.design", points=0.5, rung="interface")
def test_design_form(student, bench):
    """The docstring's two cases: the smallest network of all, and a gap just below it."""
    own = own_counts(student, bench, 10)
    check(accepted(student, own, 5214, 0, ((4, 1),)), "design(5214, 0) does not fit")
    check(accepted(student, own, 5000, 100, ()), "design(5000, 100): there is no such network")


@graded("p2.design", points=1.5, rung="figures", hint="Try every pair within the bounds.")
def test_design_around_the_target(student, bench):
    """270,000 and 1,000,000 parameters within one per cent; within 1,000 there is no network of a million."""
    own = own_counts(student, bench, 10)
    check(accepted(student, own, 270_000, 2_700, NEAR_270_000), "design(270_000, 2_700) does not fit")
    check(accepted(student, own, 1_000_000, 10_000, NEAR_A_MILLION), "design(10**6, 10_000) does not fit")
    check(accepted(student, own, 1_000_000, 1_000, ()), "design(10**6, 1_000): there is no such network")


@graded("p2.design", points=0, rung="random")
def test_design_finds_a_network_that_exists(student, bench, rng):
    """Asked for exactly as many parameters as some network has, by your own count, it finds one."""
    numbers = rng.integers(2, 50, size=3).tolist()
    own = own_counts(student, bench, *numbers)
    for at, classes in enumerate(numbers):
        width, blocks = int(rng.integers(5, 257)), int(rng.integers(1, 19))
        if own is None:  # it cannot be asked: a network of the handout, with another number of classes
            width, blocks = list(NETWORKS)[int(rng.integers(1, len(NETWORKS)))]
            target = NETWORKS[width, blocks] + (4 * width + 1) * (classes - 10)
        else:
            target = int(own[at][width - 4, blocks - 1])
        got = student.resnet.design(target, 0, classes)
        asked = f"design({target}, 0, {classes})"
        check(got is not None, "no network is found where there is one", asked)
        found = int(got[0]), int(got[1])
        inside = 4 <= found[0] <= 256 and 1 <= found[1] <= 18
        check(inside, "a pair lies outside the bounds", f"{asked} gives {got}")
        exact = found == (width, blocks)
        if own is not None:
            exact = int(own[at][found[0] - 4, found[1] - 1]) == target
        check(exact, "a design does not have the size that was asked", f"{asked} gives {got}")


# ---- p2.block ----------------------------------------------------------------------------------------------


def images(rng, *shape):
    """Random activations (N, C, H, W)."""
    return rng.normal(size=shape).astype(np.float32)


@graded("p2.block", points=1.1, rung="interface")
def test_block_shapes(student, bench, rng):
    """The shape that comes out, with and without a stride, with and without more channels."""
    for channels, wider, stride, want in (
        (4, 4, 1, (2, 4, 7, 8)),
        (4, 8, 2, (2, 8, 4, 4)),
        (4, 6, 1, (2, 6, 7, 8)),
        (4, 4, 2, (2, 4, 4, 4)),
    ):
        got = student.run(
            bench.block_output, channels, wider, stride, images(rng, 2, channels, 7, 8), 0, True
        )
        assert_same(got.shape, want, f"the shape behind BasicBlock({channels}, {wider}, {stride})")
        check(bool(np.isfinite(got).all()), "the output is finite")


@graded("p2.block", points=1.1, rung="figures", hint="A convolution before a BatchNorm needs no bias.")
def test_block_parameters(student, bench):
    """4,672, 14,528, 18,560, 57,728 and 73,984 parameters in the blocks of the network of width 16."""
    for sizes, want in (
        ((16, 16, 1), 4_672),
        ((16, 32, 2), 14_528),
        ((32, 32, 1), 18_560),
        ((32, 64, 2), 57_728),
        ((64, 64, 1), 73_984),
    ):
        assert_same(student.run(bench.block_parameters, *sizes), want, f"parameters of BasicBlock{sizes}")


def main_branch(steps, x):
    """What the second BatchNorm makes of x, after checks of everything up to it."""
    assert_same(len(steps["inputs"]), 2, "the number of 3 x 3 convolutions")
    check(len(steps["normed"]) == 2, "a 3 x 3 convolution has no BatchNorm right behind it")
    assert_close(steps["inputs"][0], x, "what the first 3 x 3 convolution is given")
    rectified = np.maximum(steps["normed"][0], 0)
    assert_close(steps["inputs"][1], rectified, "what the second 3 x 3 convolution is given")
    return steps["normed"][1]


@graded("p2.block", points=1.1, rung="figures", hint="What stands between the second BatchNorm and the sum?")
def test_block_order_with_identity(student, bench, rng):
    """conv, norm, ReLU, conv, norm, add x, ReLU, step by step."""
    x = images(rng, 3, 4, 6, 6)
    steps = student.run(bench.block_steps, 4, 4, 1, x, 1)
    branch = main_branch(steps, x)
    assert_same(len(steps["projection_inputs"]), 0, "the number of 1 x 1 convolutions")
    assert_close(steps["result"], np.maximum(branch + x, 0), "relu(branch + x)")


@graded("p2.block", points=1.1, rung="figures", hint="What does the shortcut do to x, and what not?")
def test_block_order_with_projection(student, bench, rng):
    """The same with a 1 x 1 convolution and a BatchNorm on the shortcut."""
    for channels, wider, stride in ((4, 6, 2), (4, 4, 2), (4, 6, 1)):
        x = images(rng, 3, channels, 6, 6)
        steps = student.run(bench.block_steps, channels, wider, stride, x, 1)
        branch = main_branch(steps, x)
        assert_same(len(steps["projection_outputs"]), 1, "the number of 1 x 1 convolutions")
        check(len(steps["projection_normed"]) == 1, "the 1 x 1 convolution has no BatchNorm right behind it")
        projected = steps["projection_normed"][0]
        assert_close(steps["result"], np.maximum(branch + projected, 0), "relu(branch + projection)")


@graded("p2.block", points=0, rung="random")
def test_block_without_its_branch(student, bench, rng):
    """With convolutions of zero an identity block is relu(x), and the gradient passes where x > 0."""
    for channels in (3, 8):
        x, direction = images(rng, 4, channels, 5, 5), images(rng, 4, channels, 5, 5)
        output, gradient = student.run(bench.silenced_block, channels, x, direction, 2)
        assert_close(output, np.maximum(x, 0), "the output of a block whose branch is silent")
        assert_close(gradient, np.where(x > 0, direction, 0), "the gradient with respect to x")


# ---- p2.network --------------------------------------------------------------------------------------------


@graded("p2.network", points=0.9, rung="interface")
def test_network_keys(student, bench, rng):
    """The state_dict's keys, and logits for every image."""
    norm = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    keys = {"stem.conv.weight", *(f"stem.bn.{part}" for part in norm), "head.weight", "head.bias"}
    keys |= {f"stages.{stage}.{block}" for stage in range(3) for block in range(2)}
    got = student.run(bench.network_keys, 4, 2, 10)
    assert_same(set(got), keys, "the keys (of blocks the beginning) for two blocks a stage")
    logits = student.run(bench.network_logits, 4, 2, 7, images(rng, 3, 3, 32, 32))
    assert_same(logits.shape, (3, 7), "the shape of the logits of three images on seven classes")
    check(bool(np.isfinite(logits).all()), "the logits are finite")


@graded("p2.network", points=1.8, rung="figures", hint="What are the defaults of Stem for?")
def test_network_stages(student, bench, rng):
    """Width 16 turns 32 x 32 into (16, 32, 32), (32, 16, 16), (64, 8, 8)."""
    got = student.run(bench.network_shapes, 16, 3, images(rng, 1, 3, 32, 32))
    assert_same(got, [[16, 32, 32], [32, 16, 16], [64, 8, 8]], "the shapes on the way through the stages")


@graded("p2.network", points=0.9, rung="figures")
def test_network_depth(student, bench):
    """Three blocks a stage by default, nine in all; five a stage where five are asked."""
    for blocks in (3, 5):
        keys = student.run(bench.network_keys, 4, blocks, 10)
        want = [f"stages.{stage}.{block}" for stage in range(3) for block in range(blocks)]
        assert_same(sorted(key for key in keys if key.startswith("stages.")), sorted(want), "the blocks")


@graded("p2.network", points=0, rung="random")
def test_network_of_any_size(student, bench, rng):
    """w, 2 w and 4 w channels on an image that is halved twice, and a logit for each class."""
    for _ in range(3):
        width, blocks, classes = (int(number) for number in rng.integers(2, 7, size=3))
        height, across = (int(side) for side in rng.integers(9, 40, size=2))
        x = images(rng, 2, 3, height, across)
        asked = f"CifarResNet({width}, {blocks}, {classes}) on {height} x {across}"
        stages = [[width * 2**at, -(-height // 2**at), -(-across // 2**at)] for at in range(3)]
        assert_same(student.run(bench.network_shapes, width, blocks, x), stages, f"the shapes of {asked}")
        keys = student.run(bench.network_keys, width, blocks, classes)
        built = sum(key.startswith("stages.") for key in keys)
        assert_same(built, 3 * blocks, f"the number of blocks of {asked}")
        logits = student.run(bench.network_logits, width, blocks, classes, x)
        assert_same(logits.shape, (2, classes), f"the shape of the logits of {asked}")

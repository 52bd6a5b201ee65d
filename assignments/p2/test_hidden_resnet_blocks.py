"""Hidden tests of resnet.py, built: random blocks and networks with weights of ours, and the edges."""

import numpy as np

from grader.testing import check, check_each, graded

# ---- p2.block ----------------------------------------------------------------------------------------------


def block_case(rng, training, channels=None, wider=None, stride=None, size=None):
    """A block's sizes, and images for it."""
    channels = channels or int(rng.integers(2, 7))
    wider = wider or (channels if rng.random() < 0.4 else int(rng.integers(2, 9)))
    height, width = size or (int(side) for side in rng.integers(3, 9, size=2))
    return {
        "in_channels": channels,
        "out_channels": wider,
        "stride": stride or int(rng.integers(1, 3)),
        "x": rng.normal(size=(int(rng.integers(3, 6)), channels, height, width)).astype(np.float32),
        "seed": int(rng.integers(2**31)),
        "training": training,
    }


def kind(case):
    """What sort of block a case asks for."""
    channels = "as many" if case["in_channels"] == case["out_channels"] else "other"
    return f"stride {case['stride']}, {channels} channels"


def passing(bench):
    """Ask one subject what a block makes of the images."""
    return lambda subject, case: subject.run(bench.block_output, **case)


@graded("p2.block", points=2.2, rung="random", hint="Write down the order: where do the two ReLUs stand?")
def test_block_in_train_mode(student, reference, bench, rng):
    """Random blocks with weights of ours, in train mode."""
    cases = [block_case(rng, True) for _ in range(9)]
    check_each(cases, passing(bench), student, reference, label=kind)


@graded("p2.block", points=2.2, rung="random", hint="BatchNorm keeps running statistics for eval mode.")
def test_block_in_eval_mode(student, reference, bench, rng):
    """The same blocks in eval mode, with statistics from a pass in train mode."""
    cases = [block_case(rng, False) for _ in range(9)]
    check_each(cases, passing(bench), student, reference, label=kind)


@graded("p2.block", points=1.0, rung="edges", hint="When does x not fit the branch any more?")
def test_block_edges(student, reference, bench, rng):
    """A stride without more channels, a stride of 3, fewer channels, odd and tiny images, one channel."""
    cases = [
        block_case(rng, True, 4, 4, 2, (7, 5)),
        block_case(rng, False, 4, 4, 2, (6, 6)),
        block_case(rng, True, 6, 3, 1, (5, 4)),
        block_case(rng, False, 6, 3, 2, (5, 9)),
        block_case(rng, True, 1, 1, 1, (4, 4)),
        block_case(rng, True, 2, 4, 2, (1, 1)),
        block_case(rng, False, 3, 3, 1, (1, 7)),
        block_case(rng, False, 2, 5, 2, (2, 1)),
        block_case(rng, True, 4, 4, 3, (8, 6)),
        block_case(rng, False, 5, 5, 3, (7, 4)),
    ]
    check_each(cases, passing(bench), student, reference, label=kind)


@graded("p2.block", points=0.4, rung="edges", hint="What does BatchNorm multiply by before any training?")
def test_block_norms_as_they_are_built(student, reference, bench, rng):
    """What the BatchNorms of new blocks start with: torch's defaults."""
    cases = [block_case(rng, True, *sizes, (6, 6)) for sizes in ((4, 4, 1), (3, 5, 2))]
    cases = [{name: case[name] for name in ("in_channels", "out_channels", "stride", "x")} for case in cases]
    check_each(
        cases, lambda subject, case: subject.run(bench.block_norms, **case), student, reference, label=kind
    )


@graded("p2.block", points=0.8, rung="edges", hint="Which operations end in an underscore, and on what?")
def test_block_leaves_its_input_alone(student, reference, bench, rng):
    """x is the same after the pass, and through the shortcut a gradient reaches it."""
    cases = [block_case(rng, True, *sizes, (6, 6)) for sizes in ((4, 4, 1), (3, 5, 1), (3, 5, 2))]
    for case in cases:
        del case["training"]
    check_each(
        cases,
        lambda subject, case: subject.run(bench.block_and_its_input, **case),
        student,
        reference,
        label="the output, and the input after the pass",
    )
    for case in cases:
        gradient = student.run(bench.block_gradient, **case)
        check(bool(np.isfinite(gradient).all()), "the gradient with respect to x is not finite")
        check(bool(np.abs(gradient).max() > 1e-4), "no gradient reaches x through the shortcut")


# ---- p2.network --------------------------------------------------------------------------------------------


def network_case(rng, size=None, **fixed):
    """A network's sizes, and images for it."""
    height, width = size or (int(side) for side in rng.integers(8, 20, size=2))
    return {
        "width": int(rng.integers(2, 6)),
        "blocks_per_stage": int(rng.integers(1, 4)),
        "num_classes": int(rng.integers(2, 9)),
        "x": rng.normal(size=(int(rng.integers(3, 6)), 3, height, width)).astype(np.float32),
        "seed": int(rng.integers(2**31)),
    } | fixed


def ask_both(cases, student, reference, bench):
    """Compare logits, with a stand-in for the blocks if the student's network is made of BasicBlocks."""
    own_blocks = not student.run(bench.builds_of_blocks)
    check_each(
        cases,
        lambda subject, case: subject.run(bench.network_outputs, **case, own_blocks=own_blocks),
        student,
        reference,
    )


@graded("p2.network", points=2.4, rung="random", hint="Follow one image through stem, stages, mean and head.")
def test_network_logits(student, reference, bench, rng):
    """Logits of random networks with weights of ours, in train mode and then in eval mode."""
    ask_both([network_case(rng) for _ in range(6)], student, reference, bench)


@graded("p2.network", points=1.2, rung="random", hint="Which blocks have a stride, and which is the first?")
def test_network_shapes(student, reference, bench, rng):
    """Shapes on the way through random networks."""
    cases = [
        {
            "width": int(rng.integers(2, 9)),
            "blocks_per_stage": int(rng.integers(1, 5)),
            "x": np.zeros((1, 3, *rng.integers(9, 40, size=2)), np.float32),
        }
        for _ in range(10)
    ]
    check_each(cases, lambda subject, case: subject.run(bench.network_shapes, **case), student, reference)


@graded("p2.network", points=1.8, rung="edges")
def test_network_edges(student, reference, bench, rng):
    """One block a stage, width 1, two classes, a deep network, odd and tiny images."""
    cases = [
        network_case(rng, (32, 32), width=1, blocks_per_stage=1, num_classes=2),
        network_case(rng, (33, 17), blocks_per_stage=1),
        network_case(rng, (4, 4), blocks_per_stage=2),
        network_case(rng, (9, 6), blocks_per_stage=7, width=3),
        network_case(rng, (16, 16), width=9, num_classes=100),
    ]
    ask_both(cases, student, reference, bench)

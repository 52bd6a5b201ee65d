"""Hidden tests of network.py, its layers: blocks and networks with weights of ours, and how they begin."""

import numpy as np

from grader.testing import assert_close, assert_same, beside, check, check_each, graded

shared = beside(__file__, "shared_public_network")

# ---- p4.architecture ---------------------------------------------------------------------------------------


def block_case(rng, training, kind=None, size=None):
    """A block's sizes, and images for it; kinds: strided, wider, same, both."""
    mid = int(rng.integers(2, 5))
    kind = kind or ("strided", "wider", "same", "both")[int(rng.integers(4))]
    c_in = 4 * mid if kind in ("strided", "same") else int(rng.choice([2, 3, 5, 6, 7]))
    height, width = size or (int(side) for side in rng.integers(4, 10, size=2))
    return {
        "c_in": c_in,
        "mid": mid,
        "stride": 2 if kind in ("strided", "both") else 1,
        "x": rng.normal(size=(int(rng.integers(4, 7)), c_in, height, width)).astype(np.float32),
        "seed": int(rng.integers(2**31)),
        "training": training,
    }


def block_kind(case):
    """What sort of block a case asks for."""
    channels = "as many" if case["c_in"] == 4 * case["mid"] else "other"
    return f"stride {case['stride']}, {channels} channels"


def through_block(bench):
    """Ask one subject what a block makes of images."""
    return lambda subject, case: subject.run(bench.block_output, **case)


@graded(
    "p4.architecture", points=1.2, rung="random", hint="Write the branch and the three shortcuts down first."
)
def test_blocks_with_given_weights(student, reference, bench, rng):
    """Random blocks with weights of ours, in train mode and in eval mode."""
    kinds = ("strided", "wider", "same", "both") * 2
    cases = [block_case(rng, at < 4, kind) for at, kind in enumerate(kinds)]
    check_each(cases, through_block(bench), student, reference, label=block_kind)


def network_case(rng, training, **fixed):
    """A network's sizes, and images for it."""
    small = fixed.pop("small", bool(rng.integers(2)))
    stages = int(rng.integers(2, 4))
    sizes = {
        "blocks": tuple(int(number) for number in rng.integers(1, 4, size=stages)),
        "width": 2 * int(rng.integers(1, 4)),
        "num_classes": int(rng.integers(2, 9)),
        "in_channels": int(rng.integers(1, 5)),
        "small": small,
    } | fixed
    low, high = (7, 13) if small else (30, 45)
    shape = (
        int(rng.integers(5, 8)),
        sizes["in_channels"],
        *(int(n) for n in rng.integers(low, high, size=2)),
    )
    x = rng.normal(size=shape).astype(np.float32)
    return {"sizes": sizes, "x": x, "seed": int(rng.integers(2**31)), "training": training}


def stem_kind(case):
    """What sort of stem a case asks for."""
    return "a small network" if case["sizes"].get("small") else "a network"


@graded(
    "p4.architecture",
    points=1.2,
    rung="random",
    hint="Follow an image through the stem, then look at the end.",
)
def test_networks_with_given_weights(student, reference, bench, rng):
    """Random networks with weights of ours: behind the stem, behind the stages, the logits."""
    cases = [network_case(rng, at % 2 == 0, small=at < 3) for at in range(6)]
    check_each(
        cases,
        lambda subject, case: subject.run(bench.network_output, **case),
        student,
        reference,
        label=stem_kind,
    )


@graded(
    "p4.architecture",
    points=1.2,
    rung="random",
    hint="Which arguments do your numbers of channels depend on?",
)
def test_parameters_of_other_networks(student, reference, bench, rng):
    """Parameters, part by part, of a ResNet-50-D, a ResNet-152-D, and random ones; each takes part."""
    cases = [{"blocks": (3, 4, 6, 3)}, {"blocks": (3, 8, 36, 3), "num_classes": int(rng.integers(2, 500))}]
    for _ in range(6):
        cases.append(
            {
                "blocks": tuple(int(number) for number in rng.integers(1, 6, size=int(rng.integers(2, 6)))),
                "width": 2 * int(rng.integers(2, 40)),
                "num_classes": int(rng.integers(2, 300)),
                "in_channels": int(rng.integers(1, 13)),
                "small": bool(rng.integers(2)),
            }
        )
    check_each(
        cases,
        lambda subject, case: subject.run(
            bench.network_parts, case, [1, case.get("in_channels", 3), 256, 256]
        ),
        student,
        reference,
        label=lambda case: "parameters of the small kind" if case.get("small") else "parameters",
    )
    for case in cases:
        shared.check_taking_part(student, bench, rng, **case)


@graded("p4.architecture", points=0.9, rung="edges", hint="What is left of 7 pixels at stride 2?")
def test_shapes_on_odd_images(student, reference, bench, rng):
    """Shapes on images with odd sides, behind the stem and each block."""
    cases = []
    for at in range(10):
        small = at % 2 == 0
        low, high = (5, 40) if small else (65, 300)
        height, width = (2 * int(side) + 1 for side in rng.integers(low // 2, high // 2, size=2))
        stages = int(rng.integers(2, 5))
        blocks = tuple(int(number) for number in rng.integers(1, 4, size=stages))
        cases.append(
            {
                "sizes": {"blocks": blocks, "width": 8, "small": small},
                "shape": [int(rng.integers(1, 9)), 3, height, width],
                "fake": False,
            }
        )
    check_each(
        cases,
        lambda subject, case: subject.run(bench.network_shapes, **case),
        student,
        reference,
        label=stem_kind,
    )
    for small in (True, False):
        shared.check_taking_part(student, bench, rng, blocks=(1, 2), small=small)


@graded("p4.architecture", points=0.9, rung="edges")
def test_architecture_edges(student, reference, bench, rng):
    """Images of a pixel or two, one stage, one class, one block a stage, width 2."""
    blocks = [
        block_case(rng, False, "both", (1, 1)),
        block_case(rng, False, "strided", (1, 6)),
        block_case(rng, True, "both", (3, 2)),
        block_case(rng, False, "wider", (1, 3)),
        block_case(rng, True, "strided", (9, 7)),
    ]
    check_each(blocks, through_block(bench), student, reference, label=block_kind)
    networks = [
        network_case(rng, True, small=True, blocks=(2,)),
        network_case(rng, True, small=False, blocks=(1,), width=2),
        network_case(rng, False, small=True, blocks=(1, 1, 1, 1), num_classes=1),
        network_case(rng, False, small=False, blocks=(1, 2, 1), in_channels=1),
    ]
    check_each(
        networks,
        lambda subject, case: subject.run(bench.network_output, **case),
        student,
        reference,
        label=stem_kind,
    )


# ---- p4.initialization -------------------------------------------------------------------------------------


def four_convolutions(c_in, c_out, stride=1, kind="residual"):
    """A block whose branch has four convolutions, some in a row of their own, and whose shortcut has two."""
    inner = [*shared.rectified(c_in, 48, 1), *shared.rectified(48, 48, 3, stride, bias=True)]
    branch = [
        ["row", inner],
        ["row", [["row", shared.rectified(48, c_out, 1)]]],
        *shared.conv_norm(c_out, c_out, 3),
    ]
    shortcut = [*shared.conv_norm(c_in, 48, 1, stride), *shared.conv_norm(48, c_out, 1)]
    return [kind, branch, shortcut]


def large_network(rng):
    """A network with all kinds of blocks, wide enough that its weights tell how they were drawn."""
    width = 8 * int(rng.integers(6, 10))
    return [
        *shared.rectified(3, 48, 5, bias=True),
        *shared.rectified(48, width, 3),
        shared.two_convolutions(width, width),
        ["row", [four_convolutions(width, 64, 2), shared.two_convolutions(64, 64, kind="block")]],
        *shared.rectified(64, 70, 1),
        four_convolutions(70, 64, kind="block"),
        ["mean"],
        ["linear", 64, int(rng.integers(90, 120))],
        ["relu", False],
    ]


@graded("p4.initialization", points=1.0, rung="random", hint="He's deviation is sqrt(2 / fan); what is fan?")
def test_distribution_of_weights(student, bench, rng):
    """How the weights of other networks are distributed, after 7.0 or another number everywhere."""
    for fill in (7.0, -float(rng.uniform(1, 9))):
        layers = large_network(rng)
        parameters = student.run(bench.initial_parameters, layers, fill, 1)
        shared.check_spread(layers, parameters)
        shared.check_constants(layers, parameters, branch_ends=False)


def with_these_parameters(student, reference, layers, asked, *arguments):
    """What a network that the submission initialised gives; fails unless the same parameters give it here."""
    given, parameters = student.run(asked, *arguments)
    described = shared.described(layers, parameters)
    wanted, _ = reference.run(asked, *arguments, [values for _, values in described])
    assert_close(given, wanted, "what the network with these parameters gives")
    return given


@graded(
    "p4.initialization", points=1.0, rung="random", hint="Multiply by hand: which gradients does a 0 stop?"
)
def test_gradients_of_the_first_step(student, reference, bench, rng):
    """In a branch only the last BatchNorm has a gradient; each block is its shortcut, at any depth."""
    layers = large_network(rng)
    layers[-1:] = []
    x = rng.normal(size=(4, 3, 9, 8)).astype(np.float32)
    direction = rng.normal(size=(4, layers[-1][2])).astype(np.float32)
    gradients = with_these_parameters(
        student, reference, layers, bench.initial_gradients, layers, 7.0, x, direction
    )
    for role, gradient in shared.described(layers, gradients):
        check(bool(np.isfinite(gradient).all()), f"the gradient of {shared.named(role)} is not finite")
        if role.place == "branch" and not role.last:
            check(not gradient.any(), f"{shared.named(role)} has a gradient")
        elif role.layer != "conv" or role.part == "weight":
            check(bool(gradient.any()), f"{shared.named(role)} has no gradient")
    for output, shortcut in student.run(bench.initial_blocks, layers, 7.0, x)[0]:
        check(bool((output > 0).any()), "a block gives nothing")
        shared.check_shortcut(output, shortcut)
    width = int(rng.integers(4, 12))
    stem, head = shared.rectified(3, width, 3), [["mean"], ["linear", width, 4]]
    block = shared.two_convolutions(width, width)
    norms = student.run(bench.first_gradient_norms, stem, block, head, [2, 5, 20], 7.0, x)
    check(norms[0] > 1e-6, "no gradient reaches the stem")
    assert_close(norms, [norms[0]] * 3, "the gradient that reaches the stem of networks of three depths")


@graded(
    "p4.initialization", points=0.6, rung="edges", hint="Is the BatchNorm that you set to 0 the branch's own?"
)
def test_constants_of_other_networks(student, reference, bench, rng):
    """Biases, BatchNorms and buffers: called twice, subclasses of Residual, shortcuts, rows of rows."""
    lone = [
        [four_convolutions(6, 9, kind="block")],
        [["row", [["row", [shared.two_convolutions(6, 6, kind="block")]]]]],
        [["row", [["row", [four_convolutions(6, 6, 2)]], *shared.rectified(6, 5, 3)]]],
    ]
    answers = []
    for layers, calls in ((large_network(rng), 1), (large_network(rng), 2), *((one, 1) for one in lone)):
        answers.append((layers, student.run(bench.initial_constants, layers, 7.0, calls)))
    for layers, constants in answers:
        shared.check_constants(layers, constants)
    asked = large_network(rng), int(rng.integers(2**31))
    before, behind = student.run(bench.buffers_kept, *asked)
    shared.check_buffers(before, behind)
    assert_same(before, reference.run(bench.buffers_kept, *asked)[0], "the buffers that it was handed")
    kept = student.run(bench.parameters_kept, large_network(rng), 7.0)
    shared.check_kept(kept)


@graded("p4.initialization", points=0.4, rung="edges")
def test_initialized_twice(student, reference, bench, rng):
    """The second call draws as the first one does, and a lone block is its shortcut."""
    layers = large_network(rng)
    shared.check_spread(layers, student.run(bench.initial_parameters, layers, 7.0, 2))
    x = rng.normal(size=(4, 6, 7, 7)).astype(np.float32)
    for lone in ([four_convolutions(6, 9, 2)], [shared.two_convolutions(6, 6, kind="block")]):
        for output, shortcut in with_these_parameters(
            student, reference, lone, bench.initial_blocks, lone, 7.0, x
        ):
            shared.check_shortcut(output, shortcut)

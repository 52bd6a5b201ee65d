"""Public tests of network.py."""

import numpy as np

from grader.testing import assert_close, assert_same, beside, check, graded

shared = beside(__file__, "shared_public_network")

# ---- p4.architecture ---------------------------------------------------------------------------------------

SMALL = {"blocks": (1, 1), "width": 4, "num_classes": 2, "in_channels": 1, "small": True}


def images(rng, *shape):
    """Random activations (N, C, H, W)."""
    return rng.normal(size=shape).astype(np.float32)


@graded("p4.architecture", points=0.9, rung="interface")
def test_architecture_form(student, bench, rng):
    """The docstrings' block and network: shapes, 448 and 2,110 parameters."""
    for sizes, given, made in (
        ((8, 4, 2), [2, 8, 7, 5], [2, 16, 4, 3]),
        ((8, 4, 1), [2, 8, 7, 5], [2, 16, 7, 5]),
        ((16, 4, 1), [1, 16, 3, 3], [1, 16, 3, 3]),
    ):
        assert_same(
            student.run(bench.block_shape, *sizes, given), made, f"what Bottleneck{sizes} makes of {given}"
        )
    assert_same(student.run(bench.block_parameters, 8, 4, 2), 448, "parameters of Bottleneck(8, 4, 2)")
    parts = student.run(bench.network_parts, SMALL, [1, 1, 8, 8])
    assert_same(parts["total"], 2_110, "parameters of the small network of the docstring")
    shapes = student.run(bench.network_shapes, SMALL, [5, 1, 7, 8], False)
    assert_same(shapes, [[5, 4, 7, 8], [5, 16, 7, 8], [5, 32, 4, 4], [5, 2]], "the shapes on its way")
    shared.check_taking_part(student, bench, rng, **SMALL)


@graded(
    "p4.architecture",
    points=0.9,
    rung="figures",
    hint="Which convolution has the stride, and what comes first in a shortcut?",
)
def test_architecture_of_a_block(student, bench):
    """What is done in a branch and in a shortcut, in order, for the three kinds of block."""
    norm = "norm"
    for (c_in, mid, stride), shortcut in (
        ((8, 4, 2), ["conv 1x1 to 16", norm]),
        ((16, 4, 2), ["conv 1x1 to 16", norm]),
        ((8, 4, 1), ["conv 1x1 to 16", norm]),
        ((16, 4, 1), []),
    ):
        spatial = f"conv 3x3 to {mid}" + (", stride 2" if stride == 2 else "")
        branch = [f"conv 1x1 to {mid}", norm, "relu", spatial, norm, "relu", f"conv 1x1 to {4 * mid}", norm]
        words = f"Bottleneck({c_in}, {mid}, {stride})"
        x = images(np.random.default_rng(7), 2, c_in, 6, 6)
        got = student.run(bench.block_operations, c_in, mid, stride, x)
        assert_same(got["branch"], branch, f"the branch of {words}")
        assert_same(got["shortcut"], shortcut, f"the shortcut of {words}, but for the mean")
        if stride == 2:
            halved = x.reshape(2, c_in, 3, 2, 3, 2).mean(axis=(3, 5))
            read = "the shortcut's convolution reads the mean of 2x2"
            assert_close(got["read"]["shortcut"], halved, f"{words}: {read}")


@graded(
    "p4.architecture", points=0.9, rung="figures", hint="Count the stem first: 864, 9,216 and 18,432 weights."
)
def test_architecture_parameters(student, bench, rng):
    """44,568,392 parameters, stage by stage as in the handout; of a narrow copy each takes part."""
    got = student.run(bench.network_parts, {}, [1, 3, 64, 64])
    stages = {"stage1": 215_808, "stage2": 1_219_584, "stage3": 26_090_496, "stage4": 14_964_736}
    want = {"stem": 28_768, **stages, "head": 2_049_000, "total": 44_568_392}
    assert_same(got, want, "the parameters of ResNetD()")
    shared.check_taking_part(student, bench, rng)


@graded("p4.architecture", points=0.9, rung="figures")
def test_architecture_shapes(student, bench, rng):
    """The shapes on the way of two images of 224 x 224, without a number being computed."""
    got = student.run(bench.network_shapes, {}, [2, 3, 224, 224], True)
    stages = [(3, 256, 56), (4, 512, 28), (23, 1024, 14), (3, 2048, 7)]
    blocks = [[2, channels, side, side] for number, channels, side in stages for _ in range(number)]
    assert_same(got, [[2, 64, 56, 56], *blocks, [2, 1000]], "the shapes under FakeTensorMode")
    shared.check_taking_part(student, bench, rng, blocks=(1, 1, 1, 1))


@graded("p4.architecture", points=0, rung="random")
def test_architecture_of_silenced_blocks(student, bench, rng):
    """With a branch of zeros a block is relu(shortcut(x)); the shortcut keeps what is constant constant."""
    for c_in, mid, stride in ((6, 3, 2), (12, 3, 2), (6, 3, 1), (12, 3, 1)):
        words = f"Bottleneck({c_in}, {mid}, {stride})"
        seed = int(rng.integers(2**31))
        x = images(rng, 3, c_in, 7, 5)
        output, shortcut = student.run(bench.silenced_block, c_in, mid, stride, x, seed)
        assert_close(output, np.maximum(shortcut, 0), f"the output of {words} without its branch")
        if stride == 1 and c_in == 4 * mid:
            assert_close(shortcut, x, f"the shortcut of {words}")
        flat = np.broadcast_to(x[:, :, :1, :1], x.shape).copy()
        _, shortcut = student.run(bench.silenced_block, c_in, mid, stride, flat, seed)
        even = np.broadcast_to(shortcut[:, :, :1, :1], shortcut.shape)
        assert_close(shortcut, even, f"the shortcut of {words} on images without a pattern")


# ---- p4.initialization -------------------------------------------------------------------------------------


def small_network():
    """A network of two blocks, each with two convolutions in its branch."""
    blocks = [shared.two_convolutions(8, 8), shared.two_convolutions(8, 12, 2)]
    return [*shared.rectified(3, 8, 3), *blocks, ["mean"], ["linear", 12, 5]]


def deep_parts():
    """Stem, block and head of a network that can be as deep as one likes."""
    head = [["mean"], ["linear", 8, 5]]
    return shared.rectified(3, 8, 3), shared.two_convolutions(8, 8), head


@graded("p4.initialization", points=0.5, rung="interface")
def test_initialization_constants(student, bench):
    """Nothing is left of the 7.0 everywhere; biases are 0, BatchNorms 1, or 0 where a branch ends."""
    constants = student.run(bench.initial_constants, small_network(), 7.0, 1)
    shared.check_constants(small_network(), constants)
    for role, values in zip(shared.roles(small_network()), constants, strict=True):
        check(values.ndim == 1 and not (values > 6).any(), f"7.0 is left in {shared.named(role)}")
    kept = student.run(bench.parameters_kept, small_network(), 7.0)
    shared.check_kept(kept)


@graded("p4.initialization", points=0.8, rung="figures", hint="Look at the order: what runs over what?")
def test_initialization_makes_blocks_their_shortcut(student, bench, rng):
    """At once, each block is relu(shortcut(x)), to the last bit."""
    blocks, _ = student.run(bench.initial_blocks, small_network(), 7.0, images(rng, 4, 3, 8, 8))
    assert_same(len(blocks), 2, "the number of blocks")
    for output, shortcut in blocks:
        check(bool(np.isfinite(output).all() and (output > 0).any()), "a block gives nothing")
        shared.check_shortcut(output, shortcut)


@graded(
    "p4.initialization", points=0.7, rung="figures", hint="What does a block of relu(x) do to a gradient?"
)
def test_initialization_at_any_depth(student, bench, rng):
    """Through 1, 8 or 32 blocks the same gradient reaches the stem."""
    norms = student.run(bench.first_gradient_norms, *deep_parts(), [1, 8, 32], 7.0, images(rng, 4, 3, 6, 6))
    check(norms[0] > 1e-6 and bool(np.isfinite(norms).all()), "no gradient reaches the stem", f"{norms}")
    assert_close(norms, [norms[0]] * 3, "the gradient's norm through 1, 8 and 32 blocks")


@graded("p4.initialization", points=0, rung="random")
def test_initialization_spread(student, bench, rng):
    """Standard deviations of convolutions and linear layers of random width; buffers as they were."""
    width = 8 * int(rng.integers(6, 9))
    layers = [
        *shared.rectified(3, width, 3),
        shared.two_convolutions(width, 2 * width, 2),
        ["mean"],
        ["linear", 2 * width, 60],
    ]
    parameters = student.run(bench.initial_parameters, layers, 7.0, 1)
    shared.check_spread(layers, parameters)
    shared.check_constants(layers, parameters)
    shared.check_buffers(*student.run(bench.buffers_kept, layers, int(rng.integers(2**31))))


# ---- p4.memory ---------------------------------------------------------------------------------------------

PERCEPTRON = [["linear", 8, 16], ["relu", False], ["linear", 16, 4]]


@graded("p4.memory", points=0.9, rung="interface")
def test_memory_form(student, bench):
    """The docstrings' examples: 96 and 48 bytes, 16,000 bytes, 60 samples."""
    for autocast, want in ((None, 96.0), ("bfloat16", 48.0)):
        got = student.run(bench.saved_bytes, PERCEPTRON, [8], autocast)
        assert_close(got, want, f"bytes per sample in {autocast or 'float32'}", precision="float64")
    assert_same(
        student.network.state_bytes(1000, "adamw", False), 16_000, 'state_bytes(1000, "adamw", False)'
    )
    assert_same(
        student.network.largest_batch(10.0, 300, 1000, 100), 60, "largest_batch(10.0, 300, 1000, 100)"
    )


@graded(
    "p4.memory", points=0.7, rung="figures", hint="What do convolution, BatchNorm and ReLU save? Print it."
)
def test_memory_of_a_small_network(student, bench):
    """Convolution, BatchNorm, ReLU, mean and linear layer on 3 x 5 x 5: 1,932 bytes, in place or not."""
    for inplace in (False, True):
        layers = [*shared.rectified(3, 8, 3, inplace=inplace), ["mean"], ["linear", 8, 2]]
        # float32: the image (75 numbers), the BatchNorm's input (200), the ReLU's output (200), the means (8)
        for fake in (False, True):
            got = student.run(bench.saved_bytes, layers, [3, 5, 5], None, True, fake)
            words = f"inplace={inplace}{', under FakeTensorMode' if fake else ''}"
            want = 4.0 * (75 + 200 + 200 + 8)
            assert_close(got, want, f"bytes per sample, {words}", precision="float64")


@graded("p4.memory", points=0, rung="figures", hint="It needs your ResNetD; the hidden tests do not.")
def test_memory_of_your_own_network(student, bench):
    """Your ResNetD() at 224 x 224, without a GPU: 134.68 MB a sample, 68.14 MB under bfloat16, within 1 %."""
    for autocast, want in ((None, 134.68e6), ("bfloat16", 68.14e6)):
        got = float(student.run(bench.own_saved_bytes, autocast))
        words = "float32" if autocast is None else autocast
        check(
            abs(got / want - 1) < 0.01, f"the bytes per sample in {words} are not as expected", f"{got:,.0f}"
        )


@graded("p4.memory", points=0, rung="random")
def test_memory_laws(student, bench, rng):
    """A perceptron of any size; four times the samples fit in four times the room."""
    for _ in range(3):
        given, hidden, made = (int(number) for number in rng.integers(2, 60, size=3))
        layers = [["linear", given, hidden], ["relu", False], ["linear", hidden, made]]
        got = student.run(bench.saved_bytes, layers, [given], None)
        words = f"bytes per sample of {given}-{hidden}-{made}"
        assert_close(got, 4.0 * (given + hidden), words, precision="float64")
        n_params, per_sample = int(rng.integers(10**6, 10**8)), int(rng.integers(10**5, 10**8))
        plain, scaled = (student.network.state_bytes(n_params, "sgd_momentum", on) for on in (False, True))
        assert_same(scaled - plain, 2 * n_params, "what autocast adds to the state")
        batch = int(rng.integers(1, 500))
        state = int(plain)
        capacity = state + batch * per_sample
        fits = [student.network.largest_batch(per_sample, state, capacity + more, 0) for more in (-1, 0, 1)]
        assert_same(fits, [batch - 1, batch, batch], "batches one byte short, to the byte, one byte over")

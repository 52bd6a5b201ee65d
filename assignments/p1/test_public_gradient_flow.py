"""Public tests of gradient_flow.py: form, figures to check by hand, laws that hold for any network."""

import numpy as np

from grader.testing import assert_close, assert_same, award, check, closed_share, graded

DEAD = {"x": 2.0, "w1": 0.5, "w2": -0.3, "w3": 0.8, "target": 1.0}
ALIVE = {**DEAD, "w2": 0.3}
CAUSES = {"zero_error", "zero_weight", "relu_inactive", "zero_input"}


def active_network(rng):
    """A scalar network in which both units are active and the error is not small."""
    x, w1 = rng.uniform(0.5, 2.0, size=2) * rng.choice([-1.0, 1.0])
    w2, w3 = rng.uniform(0.3, 1.5, size=2)
    w3 *= rng.choice([-1.0, 1.0])
    y = w3 * w2 * w1 * x
    return {"x": x, "w1": w1, "w2": w2, "w3": w3, "target": y + rng.choice([-1.0, 1.0]) * rng.uniform(0.3, 2)}


def as_floats(network):
    return {name: float(value) for name, value in network.items()}


def matrices(network):
    """The same network as a batch of one sample and layers of one unit."""
    return {name: np.full((1, 1), value) for name, value in network.items()}


# ---- p1.forward


@graded("p1.forward", points=0.6, rung="interface")
def test_forward_form(student):
    """forward returns its six numbers."""
    got = student.gradient_flow.forward(x=1.0, w1=2.0, w2=3.0, w3=1.0, target=5.0)
    assert_same(set(got), {"z1", "h1", "z2", "h2", "y", "loss"}, "the keys")


@graded("p1.forward", points=1.8, rung="figures")
def test_forward_figures(student):
    """The network of the handout, with its second unit dead and alive."""
    got = student.gradient_flow.forward(**DEAD)
    want = {"z1": 1.0, "h1": 1.0, "z2": -0.3, "h2": 0.0, "y": 0.0, "loss": 0.5}
    assert_close(got, want, "the values at w2 = -0.3")
    got = student.gradient_flow.forward(**ALIVE)
    want = {"z1": 1.0, "h1": 1.0, "z2": 0.3, "h2": 0.3, "y": 0.24, "loss": 0.2888}
    assert_close(got, want, "the values at w2 = 0.3")


@graded("p1.forward", points=0, rung="random", hint="Which of the layers have a ReLU?")
def test_forward_scaling_law(student, rng):
    """Twice the first weight and half the second give the same output and loss, and twice the h1."""
    for _ in range(5):
        network = as_floats(active_network(rng))
        moved = {**network, "w1": 2 * network["w1"], "w2": network["w2"] / 2}
        before, after = (student.gradient_flow.forward(**asked) for asked in (network, moved))
        for key, factor in (("y", 1), ("loss", 1), ("h2", 1), ("h1", 2), ("z1", 2)):
            assert_close(after[key], factor * float(before[key]), f"{key} of the rescaled network")
        check(float(before["loss"]) > 0, "the loss of a wrong output is not 0")


# ---- p1.backward


@graded("p1.backward", points=1.4, rung="interface")
def test_backward_form(student):
    """backward returns its three numbers."""
    got = student.gradient_flow.backward(x=1.0, w1=2.0, w2=3.0, w3=1.0, target=5.0)
    assert_same(set(got), {"dw1", "dw2", "dw3"}, "the keys")


@graded("p1.backward", points=4.2, rung="figures")
def test_backward_figures(student):
    """The network of the handout: nothing flows at w2 = -0.3, everything at w2 = 0.3."""
    got = student.gradient_flow.backward(**ALIVE)
    assert_close(got, {"dw1": -0.3648, "dw2": -0.608, "dw3": -0.228}, "the gradients at w2 = 0.3")
    got = student.gradient_flow.backward(**DEAD)
    assert_close(got, {"dw1": 0.0, "dw2": 0.0, "dw3": 0.0}, "the gradients at w2 = -0.3")


@graded("p1.backward", points=0, rung="random", hint="Each gradient has the factor y - target exactly once.")
def test_backward_laws(student, rng):
    """An error twice as large doubles the gradients, and w dw is the same number for all three weights."""
    for _ in range(5):
        network = as_floats(active_network(rng))
        y = network["w3"] * network["w2"] * network["w1"] * network["x"]
        once = student.gradient_flow.backward(**network)
        twice = student.gradient_flow.backward(**{**network, "target": 2 * network["target"] - y})
        for weight in ("w1", "w2", "w3"):
            gradient = float(once[f"d{weight}"])
            check(gradient != 0, f"d{weight} is not zero where everything is active")
            assert_close(twice[f"d{weight}"], 2 * gradient, f"d{weight} at twice the error")
            shares = [network[name] * float(once[f"d{name}"]) for name in (weight, "w3")]
            assert_close(shares[0], shares[1], f"{weight} d{weight} against w3 dw3")


# ---- p1.zero_cause


@graded("p1.zero_cause", points=1.0, rung="interface")
def test_zero_causes_form(student):
    """zero_causes returns three sets of known names."""
    got = student.gradient_flow.zero_causes(x=0.0, w1=1.0, w2=1.0, w3=1.0, target=1.0)
    assert_same(set(got), {"dw1", "dw2", "dw3"}, "the keys")
    named = set().union(*got.values())
    check(named <= CAUSES, "a cause is not one of the four of the handout", str(sorted(named)))
    check(bool(named), "an input of 0 makes gradients zero, and no cause was named")


@graded("p1.zero_cause", points=3.0, rung="figures")
def test_zero_causes_figures(student):
    """The network of the handout: which factors are zero with the second unit dead, and with it alive."""
    # Both are asked for before the first is judged: a mistake is recognised by all answers up to there.
    dead = student.gradient_flow.zero_causes(**DEAD)
    alive = student.gradient_flow.zero_causes(**ALIVE)
    want = {"dw1": {"relu_inactive"}, "dw2": {"relu_inactive"}, "dw3": {"zero_input"}}
    assert_same(dead, want, "the causes at w2 = -0.3")
    assert_same(alive, {"dw1": set(), "dw2": set(), "dw3": set()}, "the causes at w2 = 0.3")


@graded("p1.zero_cause", points=0, rung="random")
def test_zero_causes_law(student, rng):
    """In an active network only an error of zero is a cause, and then it is one for all weights."""
    asked = []
    for _ in range(6):
        x, w1, w2, w3 = (float(value) for value in rng.integers(1, 16, size=4) / 8)
        y = w3 * w2 * w1 * x
        for target, cause in ((y, {"zero_error"}), (y + 1, set())):
            got = student.gradient_flow.zero_causes(x=x, w1=w1, w2=w2, w3=w3, target=target)
            asked += [(got[key], cause, CAUSES - cause) for key in ("dw1", "dw2", "dw3")]
    award(closed_share(asked), "the causes in active networks are not all right")


# ---- p1.dead_units


@graded("p1.dead_units", points=0.6, rung="interface")
def test_dead_units_form(student):
    """dead_units returns one truth value for each unit of the second layer."""
    got = student.gradient_flow.dead_units(w1=np.ones((4, 2)), w2=np.ones((3, 4)), x=np.ones((5, 2)))
    assert_same(list(got.shape), [3], "the shape")
    check(got.dtype == np.bool_, "the result is not boolean")


@graded("p1.dead_units", points=1.8, rung="figures")
def test_dead_units_figures(student):
    """The unit of the handout with w2 = -0.3 and with w2 = 0.3, on samples of either sign."""
    w1, w2 = np.array([[0.5]]), np.array([[-0.3], [0.3]])
    for x, want in (([[2.0]], [True, False]), ([[-2.0]], [True, True]), ([[-2.0], [2.0]], [True, False])):
        got = student.gradient_flow.dead_units(w1=w1, w2=w2, x=np.array(x))
        assert_same(got, np.array(want), f"the dead units for x = {x}")


@graded("p1.dead_units", points=0, rung="random")
def test_dead_units_law(student, rng):
    """Where all inputs are positive, turning the signs of a unit's weights revives it or kills it."""
    x, w1 = rng.uniform(0.1, 1.0, size=(4, 3)), rng.uniform(0.1, 1.0, size=(5, 3))
    w2 = np.abs(rng.normal(size=(6, 5))) * rng.permutation([-1.0, -1.0, -1.0, 1.0, 1.0, 1.0])[:, None]
    got = student.gradient_flow.dead_units(w1=w1, w2=w2, x=x)
    turned = student.gradient_flow.dead_units(w1=w1, w2=-w2, x=x)
    assert_same(turned, ~got.astype(bool), "the dead units after the turn")
    assert_same(int(got.sum()), 3, "the number of dead units among three of each kind")


# ---- p1.remedies


@graded("p1.remedies", points=1.0, rung="interface")
def test_remedies_form(student):
    """remedies returns three numbers for each variant, dw1_for one for each value of w2."""
    got = student.gradient_flow.remedies(**DEAD)
    assert_same(set(got), {"plain", "leaky", "residual"}, "the keys")
    got = student.gradient_flow.dw1_for(w2_values=[0.5, 1.0], x=2.0, w1=0.5, w3=0.8, target=1.0)
    assert_same(len(got), 2, "the number of gradients for two values of w2")


@graded("p1.remedies", points=3.0, rung="figures")
def test_remedies_figures(student):
    """The network of the handout: which remedy brings which gradient back, and where dw1 turns its sign."""
    got = student.gradient_flow.remedies(**DEAD)
    want = {
        "plain": (0.0, 0.0, 0.0),
        "leaky": (0.00481152, -0.0080192, 0.0030072),
        "residual": (-0.32, 0.0, -0.2),
    }
    assert_close(got, want, "the gradients at w2 = -0.3")
    asked = {name: value for name, value in DEAD.items() if name != "w2"}
    got = student.gradient_flow.dw1_for(w2_values=[-0.3, 0.0, 0.3, 1.25, 2.0], **asked)
    assert_close(got, [0.0, 0.0, -0.3648, 0.0, 1.92], "dw1 at w2 = -0.3, 0, 0.3, 1.25 and 2")


@graded("p1.remedies", points=0, rung="random")
def test_remedies_law(student, rng):
    """Active networks do not feel the leak, and dw1_for agrees with the plain variant."""
    for _ in range(5):
        network = as_floats(active_network(rng))
        got = student.gradient_flow.remedies(**network)
        assert_close(got["leaky"], got["plain"], "the leaky variant of an active network")
        check(float(got["residual"][2]) != float(got["plain"][2]), "the skip connection changes nothing")
        w2 = network.pop("w2")
        alone = student.gradient_flow.dw1_for(w2_values=[w2], **network)
        assert_close(alone, [float(got["plain"][0])], "dw1_for against the plain variant")


# ---- p1.batch


@graded("p1.batch", points=1.8, rung="interface")
def test_batch_form(student):
    """backward_batch returns three float64 arrays of the shapes of the weights."""
    w1, w2, w3 = np.ones((4, 3)), np.ones((5, 4)), np.ones((2, 5))
    got = student.gradient_flow.backward_batch(
        x=np.ones((6, 3)), w1=w1, w2=w2, w3=w3, target=np.zeros((6, 2)), negative_slope=0.1
    )
    assert_same(set(got), {"dw1", "dw2", "dw3"}, "the keys")
    for key, weight in (("dw1", w1), ("dw2", w2), ("dw3", w3)):
        assert_same(list(got[key].shape), list(weight.shape), f"the shape of {key}")
        check(got[key].dtype == np.float64, f"{key} is not float64")


@graded("p1.batch", points=5.4, rung="figures")
def test_batch_figures(student):
    """The network of the handout as a batch of one, of two, and with a leak."""
    alive, dead = matrices(ALIVE), matrices(DEAD)
    want = {"dw1": np.array([[-0.3648]]), "dw2": np.array([[-0.608]]), "dw3": np.array([[-0.228]])}
    got = student.gradient_flow.backward_batch(**alive)
    assert_close(got, want, "the gradients at w2 = 0.3")
    two = {**alive, "x": np.array([[2.0], [-2.0]]), "target": np.array([[1.0], [1.0]])}
    got = student.gradient_flow.backward_batch(**two)
    half = {key: value / 2 for key, value in want.items()}
    assert_close(got, half, "the gradients with a second sample on which nothing is active")
    got = student.gradient_flow.backward_batch(**dead, negative_slope=0.01)
    leaky = {"dw1": np.array([[0.00481152]]), "dw2": np.array([[-0.0080192]]), "dw3": np.array([[0.0030072]])}
    assert_close(got, leaky, "the gradients at w2 = -0.3 with negative_slope 0.01")


@graded("p1.batch", points=0, rung="random", hint="Start with N = 1 and single units, then two outputs.")
def test_batch_difference_quotients(student, rng):
    """The gradients of a random batch agree with difference quotients of the loss."""
    weights = {"w1": rng.normal(size=(4, 3)), "w2": rng.normal(size=(3, 4)), "w3": rng.normal(size=(2, 3))}
    x, target, slope = rng.normal(size=(5, 3)), rng.normal(size=(5, 2)), 0.1

    def loss(w1, w2, w3):
        hidden = x
        for weight in (w1, w2):
            before = hidden @ weight.T
            hidden = np.maximum(before, 0) + slope * np.minimum(before, 0)
        return 0.5 * np.square(hidden @ w3.T - target).sum() / len(x)

    got = student.gradient_flow.backward_batch(x=x, **weights, target=target, negative_slope=slope)
    for name, weight in weights.items():
        quotients = np.zeros_like(weight)
        for place in np.ndindex(weight.shape):
            step = np.zeros_like(weight)
            step[place] = 1e-7
            up, down = (loss(**{**weights, name: weight + sign * step}) for sign in (1, -1))
            quotients[place] = (up - down) / 2e-7
        assert_close(got[f"d{name}"], quotients, f"d{name} against difference quotients")


@graded("p1.batch", points=0, rung="edges", hint="A matrix product can sum over the samples.")
def test_batch_without_a_loop(student, bench, rng):
    """The number of operations does not grow with the number of samples."""
    w1, w2, w3 = rng.normal(size=(4, 3)), rng.normal(size=(3, 4)), rng.normal(size=(2, 3))
    sizes = (8, 72)
    batches = [{"x": rng.normal(size=(size, 3)), "target": rng.normal(size=(size, 2))} for size in sizes]
    got = student.run(bench.work, batches=batches, w1=w1, w2=w2, w3=w3, slope=0.1)
    grown = got["bytecodes"][1] - got["bytecodes"][0]
    check(grown < 64, "the work in Python grows with the batch", f"{grown} more bytecodes for 64 samples")
    grown = got["operations"][1] - got["operations"][0]
    check(grown < 32, "the tensor operations grow with the batch", f"{grown} more for 64 samples")

"""Hidden tests of p1's scalar network: random networks against the reference, zeros and kinks."""

from grader.testing import award, check, check_each, closed_share, graded

CAUSES = {"zero_error", "zero_weight", "relu_inactive", "zero_input"}
WEIGHTS = ("dw1", "dw2", "dw3")


# ---- networks with one number per layer


def outputs(x, w1, w2, w3):
    """What the plain, the leaky and the residual network of `remedies` answer."""
    h1, h2 = max(w1 * x, 0.0), max(w2 * max(w1 * x, 0.0), 0.0)
    leaky = w1 * x if w1 * x > 0 else 0.01 * w1 * x
    leaky = w2 * leaky if w2 * leaky > 0 else 0.01 * w2 * leaky
    return w3 * h2, w3 * leaky, w3 * (h1 + h2)


def apart(target, answers, least=0.2):
    """Whether every error is of some size: what a cancellation leaves is rounding, as its multiples, the
    gradients, then are."""
    return min(abs(target - answer) for answer in answers) >= least


def scalar_network(rng, first=True, second=True, near=False, zeros=(), w2_values=()):
    """Scalars whose first and second unit are active or not; the error of each variant is 0.2 at least.

    :param near: the pre-activations have the size of 1e-9: there difference quotients are wrong.
    :param zeros: names of the numbers that are 0.
    :param w2_values: other values of w2 with which the error is 0.2 at least, too.
    """
    x, w1, w2, w3 = rng.uniform(0.2, 2.0, size=4)
    w1 = (w1 if first else -w1) * (1e-9 if near else 1.0)
    flip, w3 = rng.choice([-1.0, 1.0]), w3 * rng.choice([-1.0, 1.0])
    w2 = w2 if second else -w2
    numbers = {"x": flip * x, "w1": flip * w1, "w2": w2, "w3": w3, **dict.fromkeys(zeros, 0.0)}
    answers = [*outputs(**numbers), *(outputs(**{**numbers, "w2": value})[0] for value in w2_values)]
    target = answers[0]
    while not apart(target, answers):
        target = answers[0] + rng.choice([-1.0, 1.0]) * rng.uniform(0.2, 2.0)
    return {name: float(number) for name, number in {**numbers, "target": target}.items()}


def values_of_w2(rng, x, w1, w3, target, **_):
    """Six values of either sign for a network whose first unit is active; each error is 0.1 at least."""
    values = []
    for sign in rng.permutation([-1.0, -1.0, 1.0, 1.0, 1.0, 1.0]):
        value = sign * rng.uniform(0.3, 3.0)
        while value > 0 and not apart(target, [w3 * value * w1 * x], least=0.1):
            value = rng.uniform(0.3, 3.0)
        values.append(float(value))
    return values


MIXED = [(True, True), (True, True), (True, True), (True, False), (False, True)]
FIRST_ALIVE = [(True, True), (True, True), (True, True), (True, False), (True, False)]


def mixed_networks(rng, groups, kinds=MIXED, near=False):
    """Groups of five networks, dead units among them, so that no constant answer fits a whole group.

    :param near: the second of each kind, and so one of each group, is close to the kink.
    """
    return [
        [scalar_network(rng, *kinds[at], near=near and at == 1) for at in rng.permutation(5)]
        for _ in range(groups)
    ]


def kinks(rng, w2_values=((),) * 7):
    """Networks with a pre-activation of exactly 0, or an error of exactly 0, beside an active and a dead one.

    The dead one tells a derivative of 1 at 0 from a derivative of 1 everywhere.

    :param w2_values: for each group, the values of w2 that its first network will be asked for.
    """
    cases = []
    zeros = (("w1",), ("w2",), ("x",), ("w1", "w2"), ("x", "w2"), ("w3",))
    *each, last = w2_values
    for names, values in zip(zeros, each, strict=True):
        beside = [scalar_network(rng, w2_values=values), scalar_network(rng, second=False)]
        cases.append([*beside, scalar_network(rng, zeros=names)])
    exact = {"x": 2.0, "w1": 0.75, "w2": 0.5, "w3": -1.25, "target": -0.9375}
    return [*cases, [scalar_network(rng, w2_values=last), exact]]


@graded("p1.forward", points=2.4, rung="random")
def test_forward_random(student, reference, rng):
    """Random networks, dead units and negative inputs included."""
    cases = [network for group in mixed_networks(rng, 12) for network in group]
    check_each(cases, lambda subject, case: subject.gradient_flow.forward(**case), student, reference)


@graded("p1.forward", points=1.2, rung="edges")
def test_forward_edges(student, reference, rng):
    """Pre-activations of exactly 0, an input of 0, an output equal to its target."""
    check_each(
        kinks(rng),
        lambda subject, case: [subject.gradient_flow.forward(**network) for network in case],
        student,
        reference,
        label="a group of networks",
    )


@graded("p1.backward", points=5.6, rung="random", hint="Check the sign of every pre-activation.")
def test_backward_random(student, reference, rng):
    """Random networks, dead units among them."""
    check_each(
        mixed_networks(rng, 40, near=True),
        lambda subject, case: [subject.gradient_flow.backward(**network) for network in case],
        student,
        reference,
        label="a group of networks",
    )


@graded("p1.backward", points=2.8, rung="edges", hint="What is the derivative of ReLU at 0?")
def test_backward_edges(student, reference, rng):
    """Pre-activations of exactly 0, an input of 0, an error of 0."""
    check_each(
        kinks(rng),
        lambda subject, case: [subject.gradient_flow.backward(**network) for network in case],
        student,
        reference,
        label="a group of networks",
    )


# ---- p1.zero_cause


def eighths(rng, first=True, second=True, zeros=(), no_error=False):
    """A network of multiples of 1/8, exact in any order of multiplication, with the zeros asked for."""
    x, w1, w2, w3 = (float(number) for number in rng.integers(1, 13, size=4) / 8)
    network = {"x": x, "w1": w1 if first else -w1, "w2": w2 if second else -w2, "w3": w3}
    if rng.random() < 0.5:  # both signs of the input, with the same pre-activations
        network["x"], network["w1"] = -network["x"], -network["w1"]
    if rng.random() < 0.5:
        network["w3"] = -network["w3"]
    network |= dict.fromkeys(zeros, 0.0)
    y = network["w3"] * max(network["w2"] * max(network["w1"] * network["x"], 0.0), 0.0)
    error = 0.0 if no_error else float(rng.integers(1, 9) / 8 * rng.choice([-1, 1]))
    return {**network, "target": y + error}


def single_causes(rng):
    """Twenty networks, eleven of them without a dead unit: whoever always names the same earns nothing."""
    alive = [{}] * 5 + [{"no_error": True}] * 3 + [{"zeros": ("w3",)}] * 3
    dead = [{"first": False}] * 2 + [{"second": False}] * 2
    dead += [{"zeros": ("w1",)}] * 2 + [{"zeros": ("x",)}] * 2 + [{"zeros": ("w2",)}]
    return [eighths(rng, **wish) for wish in alive + dead]


def joint_causes(rng):
    """Networks in which several factors are zero, and as many in which none is."""
    joint = [
        {"zeros": ("w2", "w3")},
        {"zeros": ("x", "w3")},
        {"zeros": ("w1",), "second": False},
        {"zeros": ("w3",), "second": False},
        {"zeros": ("w3",), "no_error": True},
        {"second": False, "no_error": True},
        {"first": False, "second": False},
        {"zeros": ("x", "w1", "w2", "w3"), "no_error": True},
    ]
    return [eighths(rng, **wish) for wish in joint + [{}] * len(joint)]


def confusion(key, named, required):
    """What a wrong set of causes says about its author."""
    if key == "dw1" and "relu_inactive" in required - named:
        return "for w1, the dead unit lies upstream in the backward pass"
    if "zero_error" in named - required:
        return "a loss that is not 0 has no error of 0"
    if key == "dw3" and "zero_input" in required - named:
        return "for w3, a dead ReLU shows as h2 = 0"
    if "zero_weight" in named - required:
        return "a weight's own value does not enter its gradient"
    return f"for {key[1:]}, go through its factors one by one"


def judge_causes(student, reference, cases):
    asked, said = [], []
    for case in cases:
        named = student.gradient_flow.zero_causes(**case)
        wanted = reference.gradient_flow.zero_causes(**case)
        check(set(named) == set(WEIGHTS), "the keys are not dw1, dw2 and dw3")
        for key in WEIGHTS:
            asked.append((named[key], wanted[key], CAUSES - wanted[key]))
            if named[key] ^ wanted[key]:
                said.append(confusion(key, named[key], wanted[key]))
    most = max(said, key=said.count, default="")
    unknown = any(named - CAUSES for named, _, _ in asked)
    award(
        closed_share(asked),
        "a cause is not one of the four" if unknown else f"not all causes are right: {most}",
    )


@graded("p1.zero_cause", points=4.0, rung="random")
def test_zero_causes_random(student, reference, rng):
    """Random networks with one thing that is zero, or nothing."""
    cases = [case for _ in range(3) for case in single_causes(rng)]
    judge_causes(student, reference, [cases[at] for at in rng.permutation(len(cases))])


@graded("p1.zero_cause", points=0.8, rung="edges")
def test_zero_causes_joint(student, reference, rng):
    """Several factors that are zero at once."""
    cases = [case for _ in range(3) for case in joint_causes(rng)]
    judge_causes(student, reference, [cases[at] for at in rng.permutation(len(cases))])


@graded("p1.zero_cause", points=1.2, rung="edges", hint="Which factors are left once you derive by w3?")
def test_zero_causes_of_a_last_weight_of_zero(student, reference, rng):
    """A last weight of 0, and nothing else that is: two gradients are zero, its own is not."""
    judge_causes(student, reference, [eighths(rng, zeros=("w3",)) for _ in range(6)])


# ---- p1.remedies


def ask_remedies(subject, case):
    networks, w2_values = case
    answers = [subject.gradient_flow.remedies(**network) for network in networks]
    fixed = {name: number for name, number in networks[0].items() if name != "w2"}
    return answers, subject.gradient_flow.dw1_for(w2_values=w2_values, **fixed)


@graded("p1.remedies", points=4.0, rung="random")
def test_remedies_random(student, reference, rng):
    """Random networks with active and dead units, and several values of w2 for one of them."""
    cases = []
    # Whoever errs on a dead first unit alone has understood the rest, and keeps the points for it.
    groups = [*mixed_networks(rng, 12, near=True), *mixed_networks(rng, 4, FIRST_ALIVE, near=True)]
    for group in groups:
        alive = next(network for network in group if network["x"] * network["w1"] > 0)
        group = [alive, *(network for network in group if network is not alive)]
        cases.append((group, values_of_w2(rng, **alive)))
    check_each(cases, ask_remedies, student, reference, label="a group of networks")


@graded("p1.remedies", points=2.0, rung="edges", hint="What is the derivative of the leaky ReLU at 0?")
def test_remedies_edges(student, reference, rng):
    """Pre-activations of exactly 0, no value of w2, the same value twice."""
    values = [[], [0.0], [0.5, -0.5, 0.5], [-0.0], [2.0, 1.0, 0.0, -1.0], [0.25], [1.0]]
    cases = [(case, asked) for case, asked in zip(kinks(rng, values), values, strict=True)]
    check_each(cases, ask_remedies, student, reference, label="a group of networks")

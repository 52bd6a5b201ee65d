"""What the public and the hidden tests of network.py share: descriptions of networks, and their parameters.

A description is a list of layers, each a list of a kind and its numbers; the bench builds it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from grader.testing import assert_same, check

Layers = list[list[Any]]


class Role(NamedTuple):
    """What one parameter of a described network is."""

    layer: str  # "conv", "norm" or "linear"
    part: str  # "weight" or "bias"
    shape: tuple[int, ...]
    place: str  # "branch", "shortcut" or "outside"
    last: bool = False  # it belongs to the last BatchNorm of a branch


def conv_norm(c_in: int, c_out: int, kernel: int, stride: int = 1, bias: bool = False) -> Layers:
    """A convolution and its BatchNorm."""
    return [["conv", c_in, c_out, kernel, stride, bias], ["norm", c_out]]


def rectified(*args: Any, inplace: bool = False, **named: Any) -> Layers:
    """A convolution, its BatchNorm and a ReLU."""
    return [*conv_norm(*args, **named), ["relu", inplace]]


def two_convolutions(c_in: int, c_out: int, stride: int = 1, kind: str = "residual") -> list[Any]:
    """A block whose branch has two 3 x 3 convolutions."""
    shortcut = [] if stride == 1 and c_in == c_out else conv_norm(c_in, c_out, 1, stride)
    return [kind, [*rectified(c_in, c_out, 3, stride), *conv_norm(c_out, c_out, 3)], shortcut]


def roles(layers: Layers, place: str = "outside") -> list[Role]:
    """The parameters of a described network in the order in which torch names them."""
    found: list[Role] = []
    for kind, *numbers in layers:
        if kind == "conv":
            c_in, c_out, kernel, _, bias = numbers
            found.append(Role(kind, "weight", (c_out, c_in, kernel, kernel), place))
            found += [Role(kind, "bias", (c_out,), place)] if bias else []
        elif kind in ("norm", "linear"):
            shape = (numbers[1], numbers[0]) if kind == "linear" else (numbers[0],)
            found += [Role(kind, "weight", shape, place), Role(kind, "bias", shape[:1], place)]
        elif kind == "row":
            found += roles(numbers[0], place)
        elif kind in ("residual", "block"):
            branch = roles(numbers[0], "branch")
            branch[-2:] = [role._replace(last=True) for role in branch[-2:]]
            found += branch + roles(numbers[1], "shortcut")
    return found


def named(role: Role) -> str:
    """A parameter in words."""
    if role.last:
        return f"the {role.part} of the last BatchNorm of a branch"
    what = {"conv": "a convolution", "norm": "a BatchNorm", "linear": "a linear layer"}[role.layer]
    where = {"branch": " in a branch", "shortcut": " in a shortcut", "outside": ""}[role.place]
    return f"the {role.part} of {what}{where}"


def check_buffers(before: list[np.ndarray], behind: list[np.ndarray]) -> None:
    """Fail unless every buffer is to the bit what it was."""
    assert_same(len(behind), len(before), "the number of buffers")
    for left, right in zip(before, behind, strict=True):
        check(np.array_equal(left, right), "a buffer (the running statistics of a BatchNorm) was changed")


def check_shortcut(output: np.ndarray, shortcut: np.ndarray) -> None:
    """Fail unless a block begins as relu(shortcut(x)), to the last bit."""
    check(np.array_equal(output, np.maximum(shortcut, 0)), "a block is not relu(shortcut(x))")


def check_kept(kept: list[bool]) -> None:
    """Fail unless every parameter is still the same object, and still wants its gradient."""
    check(all(kept), "a parameter was replaced by another one, or wants no gradient any more")


def check_taking_part(student: Any, bench: Any, rng: np.random.Generator, **sizes: Any) -> None:
    """Fail unless each parameter of a narrow network acts on what it makes of a few images, as they do.

    :param sizes: of a ResNetD; a width is chosen here.
    """
    side = 8 if sizes.get("small") else 33
    x = rng.normal(size=(4, sizes.get("in_channels", 3), side, side)).astype(np.float32)
    sizes = {"num_classes": 5, **sizes, "width": 4}
    got = student.run(bench.network_gradients, sizes, x, int(rng.integers(2**31)))
    finite = bool(np.isfinite(got["logits"]).all() and np.isfinite(got["largest"]).all())
    check(finite, "the logits or the gradients of a narrow network are not finite")
    check(bool(np.ptp(got["logits"], axis=0).any()), "every image gets the same logits")
    check(all(got["largest"]), "a parameter takes no part: it is counted, and its gradient is 0 everywhere")


def check_constants(layers: Layers, constants: list[np.ndarray], branch_ends: bool = True) -> None:
    """Fail unless every bias is 0 and every BatchNorm's weight 1, or 0 where it ends a branch.

    :param constants: each parameter, or, of a weight with more than one dimension, any numbers.
    :param branch_ends: look at the BatchNorms that end a branch too.
    """
    known = roles(layers)
    assert_same(len(constants), len(known), "the number of parameters")
    for role, values in zip(known, constants, strict=True):
        if role.last and not branch_ends:
            continue
        if role.part == "bias" or role.last:
            check(bool((values == 0).all()), f"{named(role)} is not 0", f"it is {values.ravel()[:3]} ...")
        elif role.layer == "norm":
            check(bool((values == 1).all()), f"{named(role)} is not 1", f"it is {values.ravel()[:3]} ...")


def check_spread(layers: Layers, parameters: list[np.ndarray]) -> None:
    """Fail unless weights are drawn as they ought to be: He's normal distribution, or a deviation of 0.01."""
    for role, values in described(layers, parameters):
        if role.part != "weight" or role.layer == "norm":
            continue
        fan_out, fan_in = (values.size / role.shape[axis] for axis in (1, 0))
        wanted = [0.01] if role.layer == "linear" else [np.sqrt(2 / fan_out), np.sqrt(2 / fan_in)]
        deviation, margin = float(values.std()), max(0.05, 5.5 / np.sqrt(2 * values.size))
        check(
            any(abs(deviation / each - 1) < margin for each in wanted),
            f"{named(role)} has another standard deviation than it should have",
            f"{deviation:.4g} instead of {' or '.join(f'{each:.4g}' for each in wanted)}, shape {role.shape}",
        )
        centred = abs(float(values.mean())) < 6 * deviation / np.sqrt(values.size)
        check(centred, f"the mean of {named(role)} is not 0")
        tail = float((np.abs(values) > 2.2 * deviation).mean())  # 0.0278 of a normal distribution
        likely = abs(tail - 0.0278) < 5.5 * np.sqrt(0.027 / values.size)
        check(likely, f"{named(role)} is not normally distributed")


def described(layers: Layers, parameters: list[np.ndarray]) -> list[tuple[Role, np.ndarray]]:
    """Each parameter with what it is."""
    known = roles(layers)
    assert_same([tuple(values.shape) for values in parameters], [role.shape for role in known], "the shapes")
    return list(zip(known, parameters, strict=True))

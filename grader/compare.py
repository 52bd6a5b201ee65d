"""Equality of two answers, with an error budget instead of a guessed tolerance.

``got`` and ``want`` agree if their structure, shapes, kinds of number and finiteness patterns agree and, in
every number or array,

    max|got - want| <= s * max(2**10 u, 64 beta)

- ``u`` is the epsilon of float32, or of float64 where the handout asks for it.
- ``beta`` is how far the reference itself moves, relative to ``s``, when its inputs move by one unit in the
  last place. Correct rewrites of a calculation stay within 0.9 beta, real mistakes above 1.7e4 beta (measured
  on small networks, SGD and Adam, 1 to 200 steps, both precisions).
- ``s`` is the largest finite magnitude of ``want``: of the array, or of the number alone. A group of numbers
  in one dict or list is judged number by number, because a loss of 1e-3 beside a logit of 1e3 would otherwise
  be checked to no digit at all. For what a training run changed, ``s`` is the largest magnitude of ``want -
  initial``. A ``want`` of exactly zero has no scale of its own: it takes the ``scale`` that the test names,
  else the largest magnitude in the same container (what is left of a cancelled sum has the size of its
  neighbours' rounding), else 1.

Integers, strings, booleans and sets are exact; -0.0 equals 0.0; NaN agrees only with NaN. Each comparison is
written as ``error <= bound``, which NaN never satisfies.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from grader.excerpt import worst_element
from grader.faults import GraderFault, Mismatch
from grader.pairs import Difference, Pair, magnitude, walk
from grader.values import Array, Value

__all__ = [
    "LARGEST_BETA",
    "Difference",
    "Precision",
    "Tolerance",
    "assert_close",
    "assert_same",
    "check",
    "deviation",
    "difference",
    "excess",
    "tell",
    "watched",
]

Precision = Literal["float32", "float64"]

_EPSILON = {name: float(np.finfo(name).eps) for name in ("float32", "float64")}
_TINY = {name: float(np.finfo(name).tiny) for name in ("float32", "float64")}

# A budget past this says that the answer hangs on the last bits of the input: nothing can be judged there.
LARGEST_BETA = 1e-3


@dataclass(frozen=True)
class Tolerance:
    """How far two answers may lie apart.

    :param beta: relative deviation of the reference when its inputs move by one ulp, in [0, 1e-3].
    :param scale: magnitude by which a ``want`` of zero is judged.
    :param initial: same structure as ``want``: what training started from; scales come from ``want -
        initial``.
    :param exact: floating-point numbers must be equal too.
    :raises GraderFault: a parameter is out of its range.
    """

    precision: Precision = "float32"
    beta: float = 0.0
    scale: float | None = None
    initial: Value = None
    exact: bool = False

    def __post_init__(self) -> None:
        if self.precision not in _EPSILON:
            raise GraderFault(f"precision is float32 or float64, not {self.precision!r}")
        if not 0.0 <= self.beta <= LARGEST_BETA:
            raise GraderFault(
                f"beta {self.beta!r} is outside [0, {LARGEST_BETA}]: the input is unfit for judging"
            )
        if self.scale is not None and not 0.0 < self.scale < math.inf:
            raise GraderFault(f"a scale is a positive number, not {self.scale!r}")

    @property
    def epsilon(self) -> float:
        """Distance from 1 to the next number of the precision."""
        return _EPSILON[self.precision]

    @property
    def relative(self) -> float:
        """The factor on the scale."""
        return 0.0 if self.exact else max(2**10 * self.epsilon, 64 * self.beta)

    @property
    def floor(self) -> float:
        """Error always allowed: no relative accuracy is left below the smallest normal number."""
        return 0.0 if self.exact else _TINY[self.precision]


def difference(got: Value, want: Value, tolerance: Tolerance) -> Difference | None:
    """The first difference between two nested answers, or None if they agree.

    :raises GraderFault: ``want`` or the tolerance's ``initial`` is not something that can be compared.
    """
    for found in walk(got, want, tolerance.initial):
        if isinstance(found, Difference):
            return found
        problem = _problem(found, tolerance)
        if problem:
            with np.errstate(all="ignore"):
                errors = np.abs(np.subtract(found.got, found.want))
            detail = worst_element(np.asarray(found.got), np.asarray(found.want), errors)
            return Difference(found.path, problem, detail)
    return None


def deviation(got: Value, want: Value, tolerance: Tolerance) -> float:
    """Largest |got - want| relative to each scale; infinite where they differ in more than rounding."""
    largest = 0.0
    for found in walk(got, want, tolerance.initial):
        if isinstance(found, Difference) or not _same_pattern(found.got, found.want):
            return math.inf
        error = _largest_error(found)
        if error > tolerance.floor:
            largest = max(largest, error / _scale(found, tolerance))
    return largest


def excess(got: Value, want: Value, tolerance: Tolerance) -> float:
    """The largest error in units of what is allowed: 1 and below agree; infinite where the answers differ in
    more than rounding."""
    largest = 0.0
    for found in walk(got, want, tolerance.initial):
        if isinstance(found, Difference) or not _same_pattern(found.got, found.want):
            return math.inf
        error, bound = _largest_error(found), _bound(found, tolerance)
        if error:
            largest = max(largest, error / bound if bound else math.inf)
    return largest


Compared = tuple[Value, Value, Tolerance]  # what was got, what was wanted, how far apart they may lie
_watchers: list[Callable[[Sequence[Compared]], None]] = []


@contextlib.contextmanager
def watched(watcher: Callable[[Sequence[Compared]], None]) -> Iterator[None]:
    """Have a function told of every comparison that tests make, each with the cases that it consists of."""
    _watchers.append(watcher)
    try:
        yield
    finally:
        _watchers.remove(watcher)


def tell(compared: Callable[[], Sequence[Compared]]) -> None:
    """Tell whoever watches of a comparison; nothing is made for nobody."""
    for watcher in _watchers:
        watcher(compared())


def check(condition: bool, summary: str, detail: str = "") -> None:
    """Fail the test with a message unless a condition that the judge computed holds.

    :param summary: safe to show for a hidden test: no inputs, no expected values.
    :param detail: shown for public tests only.
    """
    if not isinstance(condition, bool | np.bool_):
        raise GraderFault(f"check() takes a bool, not a {type(condition).__name__}")
    if not condition:
        raise Mismatch(summary, detail)


def assert_close(
    got: Value,
    want: Value,
    what: str,
    *,
    scale: float | None = None,
    beta: float = 0.0,
    precision: Precision = "float32",
    initial: Value = None,
) -> None:
    """Fail unless ``got`` agrees with ``want`` within the budget; the parameters are those of ``Tolerance``.

    :param what: names what was asked, for the message ("gradients at W2 = 0.3").
    :raises Mismatch: they differ.
    """
    _require(got, want, Tolerance(precision, beta, scale, initial), what)


def assert_same(got: Value, want: Value, what: str) -> None:
    """Fail unless ``got`` equals ``want`` exactly, in structure and in every number.

    :raises Mismatch: they differ.
    """
    _require(got, want, Tolerance(exact=True), what)


def _require(got: Value, want: Value, tolerance: Tolerance, what: str) -> None:
    tell(lambda: [(got, want, tolerance)])
    found = difference(got, want, tolerance)
    if found is not None:
        raise Mismatch(f"{what}: {found.summary}", found.detail)


def _problem(pair: Pair, tolerance: Tolerance) -> str | None:
    """What a message says about two numbers or arrays that do not agree."""
    if not _same_pattern(pair.got, pair.want):
        if np.isfinite(pair.want).all():
            return "is NaN or infinite"
        return "has NaN or infinity in the wrong place"
    return None if _largest_error(pair) <= _bound(pair, tolerance) else "differs"


def _bound(pair: Pair, tolerance: Tolerance) -> float:
    return max(_scale(pair, tolerance) * tolerance.relative, tolerance.floor)


def _same_pattern(got: Array | float, want: Array | float) -> bool:
    """NaN where NaN is, infinity of the same sign where infinity is."""
    if isinstance(got, float) and isinstance(want, float):
        if math.isfinite(want):
            return math.isfinite(got)
        return got == want or (math.isnan(got) and math.isnan(want))
    marks = [np.where(np.isfinite(side), 0.0, side) for side in (got, want)]
    return bool(np.array_equal(marks[0], marks[1], equal_nan=True))


def _largest_error(pair: Pair) -> float:
    """The largest |got - want| of what is finite, where the patterns are the same."""
    if isinstance(pair.got, float) and isinstance(pair.want, float):
        return abs(pair.got - pair.want) if math.isfinite(pair.want) else 0.0
    finite = np.isfinite(pair.want)
    with np.errstate(over="ignore"):
        return float(
            np.max(
                np.abs(np.subtract(pair.got, pair.want, where=finite, out=np.zeros(finite.shape))),
                initial=0.0,
            )
        )


def _scale(pair: Pair, tolerance: Tolerance) -> float:
    return magnitude(pair.want, pair.initial) or tolerance.scale or pair.neighbours or 1.0

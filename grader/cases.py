"""Asks the student and the reference the same cases and judges each with the reference's own budget.

The order is the student on all cases, the reference on all cases, then the reference on perturbed inputs: no
call that follows can be seen by the student's code, and a mistake that agrees with the student so far is told
apart by the cases still to come, so a failure does not end the questioning.
"""

from __future__ import annotations

import copy
import dataclasses
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

import numpy as np

from grader.compare import (
    LARGEST_BETA,
    Compared,
    Difference,
    Precision,
    Tolerance,
    deviation,
    difference,
    tell,
)
from grader.faults import GraderFault, Mismatch, Outcome, Raised, SubmissionFault, UnfitInput, Unusable
from grader.pairs import holds_floats
from grader.values import Value

Subject = TypeVar("Subject")
Case = TypeVar("Case")

PERTURBED_RUNS = 4  # per case: the largest of four deviations is what correct rewrites were measured against
PERTURBED_CASES = 16  # measured in any case; see _Budget
# Of a case that is about to be called wrong. That an answer is the difference of two numbers shows in every
# second draw of signs; four runs are two draws, and miss it in a quarter of all cases, sixteen in one of 256.
THOROUGH_RUNS = 16
# A reference that raises one of these is broken, not strict.
_ACCIDENTS = frozenset({"NameError", "AttributeError", "ImportError", "MemoryError", "NotImplementedError"})


def check_each(
    cases: Iterable[Case],
    call: Callable[[Subject, Case], Value],
    student: Subject,
    reference: Subject,
    *,
    precision: Precision = "float32",
    scale: float | None = None,
    label: str | Callable[[Case], str] | None = None,
    exact: bool = False,
) -> None:
    """Fail unless the student agrees with the reference on every case.

    Where the reference raises, the student must raise the same type or a subclass of it. A case on which the
    student raises or gives an unusable answer is a wrong one; a stub, a time-out or a dead worker ends the
    test at once.

    :param call: asks one subject one case; it is handed its own copy of the case.
    :param scale: magnitude by which an expected zero is judged.
    :param label: what was asked, for the message; or a function from a case to such words. No inputs in it.
    :param exact: compare floating-point numbers exactly, and do not perturb.
    :raises Mismatch: some case differs; ``agreed`` of ``asked`` were right (expected exceptions are not
        counted, because code that always raises would earn them).
    :raises SubmissionFault: every case ended in a fault; the first is raised again.
    :raises UnfitInput: an input cannot be judged; the test is called again with others.
    :raises GraderFault: no cases, or a reference that cannot answer.
    """
    asked = list(cases)
    if not asked:
        raise GraderFault("check_each got no cases")
    answers = [_ask_student(call, student, case) for case in asked]
    wanted = [_ask_reference(call, reference, case, at) for at, case in enumerate(asked)]
    budget = _Budget(Tolerance(precision, scale=scale, exact=exact), call, reference, asked, wanted)
    budget.measure_first()

    problems = {
        at: problem
        for at, (got, want) in enumerate(zip(answers, wanted, strict=True))
        if (problem := _compare(got, want, budget.tolerance(at))) is not None
    }
    unfit = _acquit(problems, answers, wanted, budget)
    # Only now is it known what each case is judged with.
    tell(
        lambda: [
            _compared(got, want, budget.tolerance(at))
            for at, (got, want) in enumerate(zip(answers, wanted, strict=True))
            if at not in unfit
        ]
    )
    if not problems:
        return
    agreed = [at for at in range(len(asked)) if at not in problems and at not in unfit]
    faults = [answer for answer in answers if isinstance(answer, SubmissionFault)]
    if not agreed and len(faults) == len(asked):
        raise faults[0]
    at, problem = next(iter(problems.items()))
    words = label(asked[at]) if callable(label) else label
    where = f"case {at + 1}" if words is None else f"{words} (case {at + 1})"
    mismatch = Mismatch(
        f"{len(problems)} of {len(asked)} cases differ; {where}: {problem.summary}",
        problem.detail,
        agreed=sum(not isinstance(wanted[at], Raised) for at in agreed),
        asked=len(asked),
    )
    mismatch.precision = precision
    raise mismatch


_SIGNS = (-1.0, 1.0)  # picked by index: rng.choice takes five times as long for a single number


def perturbed(value: Value, epsilon: float, rng: np.random.Generator) -> Value:
    """The same value with every floating-point number in it multiplied by 1 + epsilon or 1 - epsilon.

    Multiplied, not shifted, so that an exact zero (the kink of a ReLU) stays where it is. An array keeps its
    dtype.
    """
    if isinstance(value, bool | int | str | np.integer | np.bool_) or value is None:
        return value
    if isinstance(value, float | np.floating):
        return type(value)(float(value) * (1.0 + epsilon * _SIGNS[rng.integers(0, 2)]))
    if isinstance(value, np.ndarray):
        if value.dtype.kind not in "fc":
            return value
        wide = value.astype(np.result_type(value.dtype, np.float64))
        signs = np.asarray(_SIGNS)[rng.integers(0, 2, size=value.shape)]
        with np.errstate(over="ignore"):
            return np.asarray(wide * (1.0 + epsilon * signs)).astype(value.dtype)
    if isinstance(value, dict):
        return {key: perturbed(entry, epsilon, rng) for key, entry in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_make"):
        return value._make(perturbed(entry, epsilon, rng) for entry in value)
    if isinstance(value, list | tuple):
        return type(value)(perturbed(entry, epsilon, rng) for entry in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = [field.name for field in dataclasses.fields(value) if field.init]
        return dataclasses.replace(
            value, **{name: perturbed(getattr(value, name), epsilon, rng) for name in fields}
        )
    return value


def _ask_student(call: Callable[[Subject, Case], Value], student: Subject, case: Case) -> Value:
    try:
        return call(student, copy.deepcopy(case))
    except (Raised, Unusable) as fault:
        if fault.outcome is not Outcome.SUBMISSION_ERROR:
            raise
        return fault


def _ask_reference(call: Callable[[Subject, Case], Value], reference: Subject, case: Case, at: int) -> Value:
    try:
        return call(reference, copy.deepcopy(case))
    except Raised as fault:
        meant = fault.deliberate and not _ACCIDENTS.intersection(fault.types)
        if fault.outcome is Outcome.SUBMISSION_ERROR and meant:
            return fault
        raise GraderFault(f"the reference failed on case {at + 1}: {fault.told} {fault.detail}") from fault
    except SubmissionFault as fault:
        raise GraderFault(f"the reference failed on case {at + 1}: {fault.told} {fault.detail}") from fault


def _compared(got: Value, want: Value, tolerance: Tolerance) -> Compared:
    """A case for whoever watches: an exception stands as the name of its type."""
    if isinstance(want, Raised):
        theirs = got.types if isinstance(got, Raised) else ()
        return (want.types[0] if want.types[0] in theirs else None), want.types[0], tolerance
    return (None if isinstance(got, SubmissionFault) else got), want, tolerance


def _compare(got: Value, want: Value, tolerance: Tolerance) -> Difference | None:
    """As ``difference``, where either side may be an exception instead of an answer."""
    if isinstance(want, Raised):
        if isinstance(got, Raised) and want.types[0] in got.types:
            return None
        return Difference("", f"is not a {want.types[0]}, which is asked here")
    if isinstance(got, SubmissionFault):
        told = got.told if got.told != got.summary else ""
        return Difference("", f"is missing: {got.summary}", f"{told}\n{got.detail}".strip())
    return difference(got, want, tolerance)


class _Budget(Generic[Subject, Case]):
    """How far each case's answer may move: the reference's deviation under inputs moved by one ulp.

    Four more calls for each of 200 cases would make a test four times as long for nothing: conditioning
    varies little between random cases of one kind. So the first 16 that rounding can show in are measured,
    which also finds a test whose inputs are unfit whoever is graded; the others share the largest of these;
    and a case that fails with that is measured itself, and more thoroughly, before it is called wrong: one
    ill-conditioned draw costs nobody points.
    """

    def __init__(
        self,
        tolerance: Tolerance,
        call: Callable[[Subject, Case], Value],
        reference: Subject,
        cases: Sequence[Case],
        wanted: Sequence[Value],
    ) -> None:
        self._tolerance = tolerance
        self._call = call
        self._reference = reference
        self._cases = cases
        self._wanted = wanted
        self._betas: dict[int, float] = {}
        self._runs: dict[int, int] = {}  # that each beta comes from
        self._shared = 0.0

    def measurable(self, at: int) -> bool:
        """Whether rounding can show in this case."""
        want = self._wanted[at]
        return not (self._tolerance.exact or isinstance(want, Raised) or not holds_floats(want))

    def measure_first(self) -> None:
        """Measure the first 16 cases.

        :raises UnfitInput: one of them is unfit.
        """
        measurable = [at for at in range(len(self._cases)) if self.measurable(at)]
        for at in measurable[:PERTURBED_CASES]:
            if self.measure(at) > LARGEST_BETA:
                raise self.unfit(at)
        self._shared = max(self._betas.values(), default=0.0)

    def measure(self, at: int, runs: int = PERTURBED_RUNS) -> float:
        """The largest of so many deviations; infinite where the answer jumps."""
        want = self._wanted[at]
        beta = self._betas.get(at, 0.0)
        for run in range(self._runs.get(at, 0), runs):
            # Runs come in pairs of opposite signs, so that a step is met from both sides.
            epsilon = self._tolerance.epsilon * (-1) ** run
            moved = perturbed(copy.deepcopy(self._cases[at]), epsilon, np.random.default_rng((at, run // 2)))
            try:
                answer = self._call(self._reference, moved)
            except Raised:
                return math.inf
            except SubmissionFault as fault:
                raise GraderFault(
                    f"the reference failed on case {at + 1} perturbed: {fault.summary}"
                ) from fault
            beta = max(beta, deviation(answer, want, self._tolerance))
        self._betas[at], self._runs[at] = beta, runs
        return beta

    def tolerance(self, at: int) -> Tolerance:
        """What case ``at`` is judged with."""
        return dataclasses.replace(self._tolerance, beta=self._betas.get(at, self._shared))

    def unfit(self, at: int) -> UnfitInput:
        """Why case ``at`` cannot be judged."""
        return UnfitInput(
            f"input unfit: the reference's answer to case {at + 1} moves by more than {LARGEST_BETA} of its "
            "scale when the input moves by one ulp; choose other inputs, name a scale, or compare exactly"
        )


def _acquit(
    problems: dict[int, Difference],
    answers: Sequence[Value],
    wanted: Sequence[Value],
    budget: _Budget[Subject, Case],
) -> set[int]:
    """Take out of ``problems`` what the case's own budget explains, until one problem stands.

    :returns: cases that cannot be judged at all.
    :raises UnfitInput: nothing but such cases is left.
    """
    unfit: set[int] = set()
    for at in list(problems):
        if isinstance(answers[at], SubmissionFault) or not budget.measurable(at):
            return unfit
        shared = budget.tolerance(at)
        beta = budget.measure(at, THOROUGH_RUNS)
        if beta > LARGEST_BETA:
            unfit.add(at)
            del problems[at]
        elif (
            _compare(answers[at], wanted[at], dataclasses.replace(shared, beta=max(beta, shared.beta)))
            is None
        ):
            del problems[at]
        else:
            return unfit
    if unfit:
        raise budget.unfit(min(unfit))
    return unfit

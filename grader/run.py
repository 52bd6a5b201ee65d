"""One grading run of one assignment: its submission, its seed, its workers.

The judge's state between the tests of a run, and nothing of pytest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from grader.bench import Bench
from grader.beside import load
from grader.cells import CELLS_FILE
from grader.compare import Precision
from grader.config import Assignment, Course
from grader.faults import GraderFault
from grader.gates import Gate, find_gate
from grader.interface import Member, read_interface
from grader.launch import Allowance, Plan, Worker
from grader.mistakes import Mistake, plant, read_mistakes, recognise
from grader.pictures import Picture
from grader.races import Race, find_race
from grader.seeds import Secret, grading_seed, seed_for
from grader.site import Site
from grader.subject import NOT_HANDED_IN, Subject
from grader.submission import FileState, Submission

STUDENT = "student"
REFERENCE = "reference"
REPLAY_SECONDS = 10.0  # CPU time of one subject that is asked what the student was asked
# CPU time of all of them. A submission may answer at once what takes the reference and every known mistake a
# training; nobody is named then.
RECOGNITION_SECONDS = 20.0


class _TooDear(Exception):
    """To look for the mistake would take more than it is worth."""


@dataclass
class AssignmentRun:
    """What the tests of one assignment share.

    :param folder: the run's own folder, removed afterwards.
    :param grading_seed: given on the command line; else it comes from the secret and the submitted files.
    """

    course: Course
    assignment: Assignment
    submission: Submission
    secret: Secret
    folder: Path
    given_seed: int | None = None
    endless: dict[str, float] = field(default_factory=dict)  # as in Subject, of what was handed in

    @cached_property
    def seed(self) -> int:
        """The grading seed of these files."""
        if self.given_seed is not None:
            return self.given_seed
        return grading_seed(self.secret, self.assignment.id, self.submission.seed_digest)

    @cached_property
    def bench(self) -> Bench:
        """The assignment's bench functions."""
        return Bench(self.assignment.folder)

    @cached_property
    def interface(self) -> dict[str, dict[str, Member]]:
        """Module to members, from the stubs as they were handed out (a release's starter may have been
        edited)."""
        pristine = self.course.reference(self.assignment.id) or self.course.starter(self.assignment.id)
        return read_interface(pristine, self.assignment.files)

    @cached_property
    def mistakes(self) -> dict[str, Mistake]:
        """The known mistakes; none in a student release."""
        return read_mistakes(self.course.reference(self.assignment.id))

    @cached_property
    def measures(self) -> ModuleType:
        """measure.py, judge side."""
        return load(self.assignment.folder / "measure.py")

    @cached_property
    def signatures(self) -> ModuleType | None:
        """signatures.py, judge side, where there is one."""
        path = self.assignment.folder / "signatures.py"
        return load(path) if path.is_file() else None

    def gate(self, gate_id: str, test: str = "", show: Callable[[Picture], None] | None = None) -> Gate:
        """A calibrated gate, ready to judge.

        :param test: whose gate it is: a public and a hidden test of one gate draw different data.
        :param show: takes the pictures of its runs.
        :raises GraderFault: there is none, or it is not calibrated.
        """
        seed = seed_for(self.seed, f"gate {test}")
        gate = find_gate(self.assignment, gate_id, self.measures, self.bench, seed, show)
        return replace(gate, held_bytes=self.submission.held_bytes)

    @cached_property
    def gpu_measures(self) -> ModuleType:
        """measure_gpu.py, judge side."""
        return load(self.assignment.folder / "measure_gpu.py")

    def race(self, race_id: str, site: Site, test: str = "") -> Race:
        """A race, ready to judge.

        :param test: whose race it is.
        :raises GraderFault: there is none.
        :raises NotRunHere: it is not calibrated for this card.
        """
        seed = seed_for(self.seed, f"race {test}")
        race = find_race(self.assignment, race_id, self.gpu_measures, self.bench, seed, site)
        return replace(race, held_bytes=self.submission.held_in_all)

    def generator(self, test: str, *, anew: bool = False) -> np.random.Generator:
        """A test's own random numbers, whichever others run and in whatever order.

        :param anew: others, for a test whose first inputs cannot be judged.
        """
        return np.random.default_rng(seed_for(self.seed, f"{test} anew" if anew else test))

    # -- subjects

    def by_hand(self, question: str) -> bool:
        """Whether autograd and torch.optim are out of reach for a question."""
        known = self.assignment.questions.get(question)
        return known is not None and known.by_hand

    def subject(
        self, role: str, question: str, test: str, allowance: Allowance, connect: Callable[[Plan], Any]
    ) -> Subject:
        """A subject whose worker starts at the first call.

        :param role: student, reference, or the name of a known mistake.
        """
        known = self.assignment.questions.get(question)
        module = Path(known.file if known else self.assignment.files[0]).stem
        plan = self.plan(role, question, test)
        # Of another seed: what a process draws by itself must not be what another one drew.
        apart = replace(plan, apart=True, seed=seed_for(self.seed, f"worker {test} anew"))
        return Subject(
            role=role,
            connect=lambda: connect(plan),
            connect_apart=lambda: connect(apart),
            interface=self.interface,
            question=question,
            questions=frozenset(self.assignment.questions),
            allowance=allowance,
            module=module,
            problems=plan.problems,
            cells=self.submission.cells if role == STUDENT else {},
            endless=self.endless if role == STUDENT else {},
        )

    def plan(self, role: str, question: str, test: str) -> Plan:
        """How a worker for this subject is to be set up; all roles differ in the folder only."""
        names = [*self.assignment.files, *self.assignment.given]
        modules = {Path(name).stem: name for name in names if name.endswith(".py")}
        problems: dict[str, str] = {}
        if role == STUDENT:
            folder = self.submission.run_folder
            problems = {
                Path(file.name).stem: file.note or NOT_HANDED_IN
                for file in self.submission.files
                if file.state is not FileState.OK
            }
            modules = {name: file for name, file in modules.items() if name not in problems}
            if self.submission.cells:
                modules |= {Path(name).stem: CELLS_FILE for name in self.submission.ok}
        elif role == REFERENCE:
            folder = self._reference()
        else:
            folder = self.folder / "mistakes" / role
            if not folder.is_dir():
                plant(self.course, self.assignment.id, role, folder)
        limits = self.assignment.limits
        return Plan(
            folder=folder,
            modules=modules,
            problems=problems,
            seed=seed_for(self.seed, f"worker {test}"),
            by_hand=self.by_hand(question),
            answer_bytes=limits.answer_mb << 20,
            memory_bytes=limits.memory_mb << 20,
            output_bytes=limits.output_kb << 10,
        )

    def _reference(self) -> Path:
        folder = self.course.reference(self.assignment.id)
        if folder is None:
            raise GraderFault("this test needs the reference, which is not here")
        return folder

    def recognise(
        self,
        student: Subject,
        question: str,
        test: str,
        start: Callable[[Plan], Worker],
        precision: Precision = "float32",
    ) -> Mistake | None:
        """The known mistake that explains the student's answers, or None.

        A call is explained by replaying it; a training run by a signature over what it left behind.
        """
        candidates = {name: known for name, known in self.mistakes.items() if question in known.questions}
        if not candidates or self.course.reference(self.assignment.id) is None:
            return None
        signed = self._signed(student, candidates)
        if signed is not None:
            return signed

        spent: list[Allowance] = []

        @contextmanager
        def ask(role: str) -> Iterator[Subject]:
            if sum(each.spent for each in spent) > RECOGNITION_SECONDS:
                raise _TooDear
            workers: list[Worker] = []
            spent.append(Allowance.of_timeout(REPLAY_SECONDS))

            def connect(plan: Plan) -> Worker:
                workers.append(start(plan))
                return workers[-1]

            try:
                yield self.subject(role, question, test, spent[-1], connect)
            finally:
                for worker in workers:
                    worker.close()

        try:
            return recognise(student.calls, REFERENCE, candidates.values(), ask, precision=precision)
        except _TooDear:
            return None

    def _signed(self, student: Subject, candidates: dict[str, Mistake]) -> Mistake | None:
        if self.signatures is None or not student.evidence:
            return None
        evidence: dict[str, Any] = {}
        for part in student.evidence:
            evidence |= part
        named = [
            known
            for name, known in candidates.items()
            if (recognised := getattr(self.signatures, name, None)) is not None and recognised(evidence)
        ]
        return named[0] if len(named) == 1 else None

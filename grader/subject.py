"""What a test holds of the code under test: call a function, run a bench function, read an answer.

Every way in which submitted code can fail to answer becomes a :class:`SubmissionFault` with a text for the
student; the same from the reference is a :class:`GraderFault`. What the student's code was asked and
answered is recorded, so that a known mistake can be recognised by asking it the same.
"""

from __future__ import annotations

import ast
import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NoReturn, Protocol

import msgspec

from grader.allowance import tree_peak_bytes
from grader.bench import BenchFunction
from grader.faults import GraderFault, Outcome, Raised, SubmissionFault, Unusable
from grader.interface import Member, mismatch
from grader.launch import Allowance, Worker, call_id
from grader.text import one_line as clean
from grader.values import Record, Value
from grader.words import ENDINGS, Words, may_come_of_a_failed_cell
from grader.worker import codec, messages

REPLAYABLE_SECONDS = 1.0  # a longer call is a training run: not replayed
RECORD_LIMIT = 32 << 20
# What all answers to one test may take: it keeps them until it has asked everything. Ours take 7 MiB in one.
ANSWERS_LIMIT = 256 << 20
NOT_HANDED_IN = "not handed in"  # of an optional file, for which nobody is to blame
HEADER_WEIGHT = 64  # bytes of objects that a byte of a header can become


class Connection(Protocol):
    """The part of a worker that a subject needs."""

    def request(
        self, message: messages.Request, buffers: list[memoryview], allowance: Allowance
    ) -> tuple[messages.Reply, bytearray]: ...


class Decoder(codec.Decoder):
    """Decodes a worker's frames into the judge's values."""

    record = Record


@dataclass(frozen=True)
class Thrown:
    """What is kept of a :class:`Raised`: the exception itself would keep a test's frames alive."""

    types: tuple[str, ...]
    text: str
    deliberate: bool

    @staticmethod
    def of(raised: Raised) -> Thrown:
        return Thrown(raised.types, raised.text, raised.deliberate)


@dataclass(frozen=True)
class RecordedCall:
    """One question and its answer: a value, or the exception that came instead.

    :param process: which of the subject's processes was asked, from 0.
    """

    message: messages.Request
    buffers: tuple[bytes, ...]
    answer: Value
    raised: Thrown | None
    process: int = 0


@dataclass
class Subject:
    """Code under test as the judge sees it.

    :param role: "student", "reference", or a known mistake's name.
    :param connect: starts the worker, at the first call.
    :param connect_apart: the same for :meth:`anew`, never a worker that serves others too.
    :param interface: module to members, from the pristine stubs.
    :param question: id of the question that is being judged; a stub of another one reads "needs ...".
    :param problems: module to why its file was not taken.
    :param cells: of a notebook that was handed in: the numbers of its cells, with the question of each.
    :param endless: modules whose import was stopped, with the computing time that it had had by then. All
        subjects of a run share it: a loop at import time is waited for once, not in every test.
    """

    role: str
    connect: Callable[[], Connection]
    interface: dict[str, dict[str, Member]]
    question: str
    questions: frozenset[str]
    allowance: Allowance
    module: str  # of the question's file: imported before any input is sent
    calls: list[RecordedCall] = field(default_factory=list)
    evidence: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problems: Mapping[str, str] = field(default_factory=dict)
    cells: Mapping[int, str] = field(default_factory=dict)
    endless: dict[str, float] = field(default_factory=dict)
    connect_apart: Callable[[], Connection] | None = None
    process: int = 0
    connections: list[Connection] = field(default_factory=list)  # of all its processes
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _connection: Connection | None = None
    _recorded_bytes: int = 0
    _answer_bytes: int = 0
    _loaded: set[str] = field(default_factory=set)
    _failed: dict[str, str] = field(default_factory=dict)  # module to which cells of a notebook failed
    _taken: list[int] = field(default_factory=lambda: [0])  # bytes of answers, over all its processes
    _asked: bool = False  # whether the worker has seen inputs: what it says from then on may carry them

    def __getattr__(self, module: str) -> Module:
        if module.startswith("_") or module not in self.interface:
            raise AttributeError(f"no module {module!r} in this assignment")
        return Module(self, module)

    @cached_property
    def _words(self) -> Words:
        return Words(self.question, self.questions, frozenset(self.interface), self.cells)

    @property
    def connection(self) -> Connection | None:
        """The worker, once there is one."""
        return self._connection

    def peak_memory(self) -> int | None:
        """Bytes that its processes have had at once at most, as the system counts them; None where unknown.

        What a worker had before a test's first call is in it: the difference of two readings says what came
        to it in between.
        """
        root = getattr(self._connection, "root", 0)
        return tree_peak_bytes(root, guarded=getattr(self._connection, "guarded", False)) if root else None

    def anew(self) -> Subject:
        """The same code in a new process, which knows only what the test hands over. Its time comes from the
        same allowance."""
        return replace(
            self,
            connect=self.connect_apart or self.connect,
            process=next(self._numbers),
            _connection=None,
            _loaded=set(),
            _failed={},
        )

    def end(self) -> None:
        """End this process of it; what it has computed is on the account."""
        if isinstance(self._connection, Worker) and self._connection.alive:
            self._connection.charge(self.allowance)
            self._connection.close()

    def run(self, function: BenchFunction, /, *args: Value, **kwargs: Value) -> Value:
        """Run a bench function in the subject's worker.

        :raises SubmissionFault: it could not, by the submission's doing.
        """
        encoder = codec.Encoder()
        message = messages.Run(
            call_id(),
            function.source,
            function.origin,
            function.name,
            [encoder.node(value) for value in args],
            list(kwargs),
            [encoder.node(value) for value in kwargs.values()],
        )
        return self._ask(message, encoder.buffers, "your code", function.returns)

    def call(self, module: str, member: Member, args: tuple[Value, ...], kwargs: dict[str, Value]) -> Value:
        """Call one of the subject's functions.

        :raises SubmissionFault: no usable answer came.
        """
        encoder = codec.Encoder()
        message = messages.Call(
            call_id(),
            module,
            member.name,
            [encoder.node(value) for value in args],
            list(kwargs),
            [encoder.node(value) for value in kwargs.values()],
        )
        return self._ask(message, encoder.buffers, member.name, member.annotation)

    def fetch(self, module: str, member: Member) -> Value:
        """The value of a module-level answer.

        :raises SubmissionFault: None still stands there, or no usable value came.
        """
        message = messages.Fetch(call_id(), module, member.name)
        return self._ask(message, [], member.name, member.annotation)

    def replay(self, recorded: RecordedCall) -> RecordedCall:
        """Ask what somebody else was asked.

        :raises SubmissionFault, GraderFault: no answer came.
        """
        message = msgspec.structs.replace(recorded.message, id=call_id())
        buffers = [memoryview(buffer) for buffer in recorded.buffers]
        try:
            value = self._ask(message, buffers, "", None)
        except Raised as raised:
            return RecordedCall(message, recorded.buffers, None, Thrown.of(raised))
        return RecordedCall(message, recorded.buffers, value, None)

    def clocked(
        self, functions: Sequence[tuple[BenchFunction, Mapping[str, Value]]]
    ) -> tuple[list[Value], float]:
        """Run bench functions one after another, and the seconds from the first byte of the first question to
        the last byte of the last answer, by the judge's clock.

        All questions are encoded and the module imported before that; each is sent when the one before it was
        answered, and nothing is decoded, looked at or recorded in between.

        :raises SubmissionFault: it could not, by the submission's doing.
        """
        self._load(self.module)
        prepared = []
        for function, given in functions:
            encoder = codec.Encoder()
            nodes = [encoder.node(value) for value in given.values()]
            called = (function.source, function.origin, function.name)
            message = messages.Run(call_id(), *called, [], list(given), nodes)
            prepared.append((message, encoder.buffers, function.returns))
        replies: list[tuple[messages.Reply, bytearray]] = []
        clock: list[float] = []
        for message, buffers, _ in prepared:
            with self._telling(message, "your code"):
                replies.append(self._request(message, buffers))
            clock += [getattr(self._connection, name, 0.0) for name in ("asked_at", "answered_at")]
            if not isinstance(replies[-1][0], messages.Answer):
                break
        values = []
        for (message, _, returns), (reply, buffer) in zip(prepared, replies, strict=False):
            with self._telling(message, "your code"):
                value = self._read(message, reply, buffer, "your code")
            self._fit(value, "your code", returns)
            values.append(value)
        return values, clock[-1] - clock[0]

    # -- one request

    def _ask(
        self, message: messages.Request, buffers: list[memoryview], what: str, annotation: ast.expr | None
    ) -> Value:
        self._load(self.module)
        if isinstance(message, messages.Call | messages.Fetch):
            self._load(message.module)
        copies = tuple(bytes(buffer) for buffer in buffers) if self.role == "student" else ()
        started = time.monotonic()
        try:
            value = self._exchange(message, buffers, what)
        except Raised as raised:
            self._record(message, copies, None, Thrown.of(raised), started)
            raise
        if value is None and isinstance(message, messages.Fetch):
            self._fault(SubmissionFault(Outcome.NOT_STARTED, "not started"))
        self._fit(value, what, annotation)
        self._record(message, copies, value, None, started)
        return value

    def _load(self, module: str) -> None:
        """Import a submitted module in its own exchange: code at import time has no inputs to look at."""
        if module in self.problems:
            said = self.problems[module]
            left_out = said == NOT_HANDED_IN
            outcome = Outcome.NOT_STARTED if left_out else Outcome.SUBMISSION_ERROR
            self._fault(SubmissionFault(outcome, f"{module}.py was {said}" if left_out else clean(said)))
        if module in self._loaded:
            return
        what, spent, limit = f"the import of {module}.py", self.allowance.spent, self.allowance.cpu_seconds
        if limit is not None and limit - spent <= self.endless.get(module, -1.0):
            said = f"stopped in {what}, which took more than {limit:g} s of computing time in an earlier test"
            self._fault(SubmissionFault(Outcome.TIMED_OUT, said))
        if self._connection is None:
            self._connection = self.connect()
            self.connections.append(self._connection)
        try:
            failed = self._exchange(messages.Load(call_id(), module), [], what)
        except SubmissionFault as fault:
            if fault.outcome is Outcome.TIMED_OUT:
                self.endless[module] = max(self.endless.get(module, 0.0), self.allowance.spent - spent)
            raise
        self._failed[module] = self._words.failed_cells(failed, asked=self._asked) if self.cells else ""
        self._loaded.add(module)

    def _fit(self, value: Value, what: str, annotation: ast.expr | None) -> None:
        """
        :raises SubmissionFault: the value is not what the annotation says.
        """
        problem = mismatch(value, annotation)
        if problem is not None:
            told = f"{what} gives {clean(mismatch(value, annotation, quote=True) or problem)}"
            self._fault(Unusable(f"{what} gives {problem}", told=told))

    def _exchange(self, message: messages.Request, buffers: list[memoryview], what: str) -> Value:
        with self._telling(message, what):
            return self._read(message, *self._request(message, buffers), what)

    def _request(
        self, message: messages.Request, buffers: list[memoryview]
    ) -> tuple[messages.Reply, bytearray]:
        assert self._connection is not None
        self._asked |= not isinstance(message, messages.Load)
        return self._connection.request(message, buffers, self.allowance)

    def _read(self, message: messages.Request, reply: messages.Reply, buffer: bytearray, what: str) -> Value:
        self._answer_bytes = len(buffer) + HEADER_WEIGHT * len(msgspec.msgpack.encode(reply))
        self._taken[0] += self._answer_bytes
        if self._taken[0] > ANSWERS_LIMIT:
            most = f"{ANSWERS_LIMIT >> 20} MiB"
            said = f"the answers to one test take more than {most} in all, that of {what} among them"
            self._fault(SubmissionFault(Outcome.SUBMISSION_ERROR, said))
        return self._value(message, reply, buffer, what)

    @contextmanager
    def _telling(self, message: messages.Request, what: str) -> Iterator[None]:
        """Whatever ends an exchange becomes a fault of the subject's, in words."""
        try:
            yield
        except ENDINGS as error:
            self._fault(self._words.ended(error, what, loading=isinstance(message, messages.Load)))

    def _value(self, message: messages.Request, reply: messages.Reply, buffer: bytearray, what: str) -> Value:
        if isinstance(reply, messages.Answer):
            decoder = Decoder(buffer)
            value = decoder.value(reply.value)
            decoder.finish()
            return value
        self._fault(self._words.refused(message, reply, what, asked=self._asked))

    def _fault(self, fault: SubmissionFault) -> NoReturn:
        failed = "; ".join(filter(None, self._failed.values()))
        if failed and may_come_of_a_failed_cell(fault):
            fault.summary, fault.told = f"{fault.summary}; {failed}", f"{fault.told}; {failed}"
            fault.args = (fault.summary,)
        if self.role == "student" or isinstance(fault, Raised):
            fault.role = self.role
            raise fault
        raise GraderFault(f"{self.role}: {fault.told}\n{fault.detail}".strip())

    def _record(
        self,
        message: messages.Request,
        buffers: tuple[bytes, ...],
        answer: Value,
        raised: Thrown | None,
        started: float,
    ) -> None:
        size = sum(map(len, buffers)) + self._answer_bytes
        short = time.monotonic() - started <= REPLAYABLE_SECONDS
        if self.role == "student" and short and self._recorded_bytes + size <= RECORD_LIMIT:
            self._recorded_bytes += size
            self.calls.append(RecordedCall(message, buffers, answer, raised, self.process))


@dataclass(frozen=True)
class Module:
    """One module of a subject; its functions can be called, its answers read."""

    subject: Subject
    name: str

    def __getattr__(self, name: str) -> Any:
        members = self.subject.interface[self.name]
        # A stub that does not parse offers no members: ask anyway, the worker says what is wrong.
        member = members.get(name) or Member(name, not name.isupper(), None)
        if not member.function:
            return self.subject.fetch(self.name, member)

        def call(*args: Value, **kwargs: Value) -> Value:
            return self.subject.call(self.name, member, args, kwargs)

        return call

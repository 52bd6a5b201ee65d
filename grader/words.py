"""What a worker's reply that is no answer means, in words.

A fault has two texts: a summary, which may stand beside a hidden test and gives nothing of it away, and what
whoever has the test at hand may read. The words of a reply are the submission's to choose: a summary holds
none of them.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Mapping
from dataclasses import dataclass

from grader.faults import Outcome, Raised, SubmissionFault, Unusable
from grader.launch import Died, TookTooLong, TookTooMuch
from grader.text import one_line as clean
from grader.values import Value
from grader.worker import messages, wire

ENDINGS = (TookTooLong, TookTooMuch, Died, wire.WireError)
# Of a notebook: failed cells that are looked at and that a message names, and characters that each gets.
MOST_FAILURES = 20
MOST_CELLS = 2
CELL_CHARACTERS = 160
CELL = re.compile(r"cell ([0-9]{1,5})")
# What may be raised because a cell that should have defined something failed.
NAMELESS = {"NameError", "NotImplementedError", "AttributeError"}


@dataclass(frozen=True)
class Words:
    """For one subject.

    :param question: the one that is being judged, of all ``questions``.
    :param modules: that are handed in or given.
    :param cells: of a notebook: the numbers of its cells, with the question of each.
    """

    question: str
    questions: frozenset[str]
    modules: frozenset[str]
    cells: Mapping[int, str]

    def ended(self, error: Exception, what: str, *, loading: bool) -> SubmissionFault:
        """An exchange that came to no reply.

        :param error: one of :data:`ENDINGS`.
        :param loading: whether a module was being imported.
        """
        if isinstance(error, TookTooLong):
            said = f"stopped in {what} after {error.limit:g} s of {error.resource}"
            if self.cells and loading:
                said += "; cells that only try something begin with the line '# scratch'"
            return SubmissionFault(Outcome.TIMED_OUT, said)
        if isinstance(error, TookTooMuch):
            said = f"stopped in {what}: its processes took more than {error.limit >> 20:,} MiB of memory"
            return SubmissionFault(Outcome.SUBMISSION_ERROR, said)
        if isinstance(error, Died):
            return SubmissionFault(Outcome.SUBMISSION_ERROR, _death(error.status, what))
        said = f"the answer of {what} cannot be read"
        return SubmissionFault(Outcome.SUBMISSION_ERROR, said, told=f"{said}: {error}")

    def refused(
        self,
        message: messages.Request,
        reply: messages.Absent | messages.Unusable | messages.Raised,
        what: str,
        *,
        asked: bool,
    ) -> SubmissionFault:
        """A reply instead of an answer.

        :param what: that was asked, as the student calls it.
        :param asked: whether the worker has seen inputs: what it says from then on may carry them.
        """
        if isinstance(reply, messages.Absent):
            said = "a name that is asked is not there"
            if isinstance(message, messages.Call | messages.Fetch):
                kind = "function " if isinstance(message, messages.Call) else ""
                said = f"{message.module}.py defines no {kind}{message.name}"
            return SubmissionFault(Outcome.SUBMISSION_ERROR, said, told=clean(reply.reason))
        if isinstance(reply, messages.Unusable):
            told = f"{what} gives {clean(reply.reason)}, which cannot be judged"
            return Unusable(f"{what} gives something that cannot be judged", told=told)
        if reply.stub is not None and reply.stub in self.questions:
            mine = reply.stub == self.question
            text = "not started" if mine else f"needs {reply.stub}, which is not started"
            return SubmissionFault(Outcome.NOT_STARTED, text)
        if isinstance(message, messages.Load):
            return self._failed_import(reply, what, asked=asked)
        return self._raised(reply, what)

    def _failed_import(self, reply: messages.Raised, what: str, *, asked: bool) -> SubmissionFault:
        kind, named, place = _known_type(reply.types), _type(reply), self._place(reply)
        text = f": {clean(reply.message)}" if reply.message else ""
        told = f"{what} failed: {named}{place}{text}"
        # Before any input has arrived the text can give nothing away.
        said = f"{what} failed: {kind}{place}" if asked else told
        return SubmissionFault(Outcome.SUBMISSION_ERROR, said, _quote(reply), told)

    def _raised(self, reply: messages.Raised, what: str) -> Raised:
        kind, place = _known_type(reply.types), self._place(reply)
        if kind == "SystemExit":
            said = told = f"{what} called sys.exit{place}"
        elif kind == "TypeError" and not place:  # none of the submission's own lines was running
            said = told = f"{what} does not take or does not return what the handout says (TypeError)"
        elif "ByHand" in reply.types:
            said = told = f"{what} reached for autograd or torch.optim{place}: this is to be done by hand"
        else:
            said, told = f"{what} raised {kind}{place}", f"{what} raised {_type(reply)}{place}"
        # A worker that writes its own frames may name no type at all.
        types = tuple(reply.types) or ("BaseException",)
        deliberate = (reply.source or "").split(maxsplit=1)[:1] == ["raise"]
        words = clean(reply.message)
        told += f": {words}" if reply.message else ""
        return Raised(said, _quote(reply), told, types=types, deliberate=deliberate, text=words)

    def failed_cells(self, failed: Value, *, asked: bool) -> str:
        """Which cells failed while a module was loaded, in a sentence. A worker may say anything here.

        :param asked: as in :meth:`refused`.
        """
        said = []
        for failure in failed[:MOST_FAILURES] if isinstance(failed, list) else []:
            match failure:
                case (int() as number, line, str() as kind, str() as text, stub) if number in self.cells:
                    if isinstance(stub, str) and stub in self.questions:  # it only tried what is not started
                        continue
                    told = "an exception" if asked else f"{kind}: {text}" if text else kind
                    said.append(clean(f"{self._cell(number, line)} failed: {told}", CELL_CHARACTERS))
        more = f"; and {len(said) - MOST_CELLS} more" if len(said) > MOST_CELLS else ""
        return "; ".join(said[:MOST_CELLS]) + more

    def _cell(self, number: int, line: object) -> str:
        """A cell of the notebook in words."""
        question = f" ({self.cells[number]})" if self.cells[number] in self.questions else ""
        there = isinstance(line, int) and 0 < line < 10_000
        return f"cell {number}{question}" + (f", line {line}" if there else "")

    def _place(self, reply: messages.Raised) -> str:
        """Where it happened, as far as the worker can be believed: in a file and a line that may exist."""
        if self.cells and (cell := CELL.fullmatch(reply.file or "")) and int(cell[1]) in self.cells:
            return f" ({self._cell(int(cell[1]), reply.line)})"
        known = reply.file in {f"{module}.py" for module in self.modules}
        if not known or reply.line is None or not 0 < reply.line < 10_000:
            return ""
        return f" ({reply.file}, line {reply.line})"


def may_come_of_a_failed_cell(fault: SubmissionFault) -> bool:
    """Whether a name that a notebook's failed cell should have bound may be the reason."""
    if isinstance(fault, Unusable) or fault.outcome is Outcome.TIMED_OUT:
        return False
    return not isinstance(fault, Raised) or bool(NAMELESS & set(fault.types))


def _type(reply: messages.Raised) -> str:
    return clean(reply.types[0]) if reply.types else _known_type(reply.types)


def _known_type(types: list[str]) -> str:
    """The most derived class that Python itself defines: a class's name may carry what a hidden test must
    not tell."""
    for name in types:
        kind = getattr(builtins, name, None)
        if isinstance(kind, type) and issubclass(kind, BaseException):
            return name
    return "an exception"


def _quote(reply: messages.Raised) -> str:
    return f"    {clean(reply.source)}" if reply.source else ""


def _death(status: int | None, what: str) -> str:
    if status is None:
        return f"the process of your code ended in {what}"
    if status < 0:
        reason = "perhaps for want of memory" if status == -9 else "a crash in compiled code, perhaps"
        return f"the process of your code was killed in {what} (signal {-status}, {reason})"
    return f"the process of your code ended by itself in {what} (exit status {status}): no os._exit, please"

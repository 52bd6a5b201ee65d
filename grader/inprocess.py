"""Runs a submission in the judge's own process, so that a debugger can step into it; keeps nothing apart.

For a student's public tests only: hidden tests refuse it.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from grader.launch import Allowance, Plan


class InProcessWorker:
    """Answers requests by calling the submission directly; exceptions come out as they are."""

    alive = True
    layers: tuple[str, ...] = ()

    def __init__(self, plan: Plan) -> None:
        from grader.worker import modules, serve

        for name in plan.modules:
            sys.modules.pop(name, None)
        self.finder = modules.SubmissionFinder(plan.settings(tempfile.gettempdir()))
        sys.meta_path.append(self.finder)
        self.serve: Any = serve.Worker(None, plan.settings(tempfile.gettempdir()))  # type: ignore[arg-type]

    def request(self, message: Any, buffers: list[memoryview], allowance: Allowance) -> tuple[Any, bytearray]:
        """One request, carried out here and now, its values copied as the wire would."""
        from grader.worker import codec, messages

        incoming = bytearray(b"".join(bytes(buffer) for buffer in buffers))
        try:
            reply, outgoing = self.serve.carry_out(message, incoming)
        except codec.Unfit as error:
            return messages.Unusable(message.id, str(error)), bytearray()
        except NotImplementedError as error:
            stub = str(error)
            return messages.Raised(
                message.id, ["NotImplementedError"], stub, stub, None, None, None, "call"
            ), bytearray()
        return msgspec.convert(reply, messages.Reply), bytearray(
            b"".join(bytes(buffer) for buffer in outgoing)
        )

    def new_output(self) -> str:
        """Nothing is captured here: pytest does that."""
        return ""

    def pristine(self) -> bool:
        return True

    def close(self) -> None:
        """Forget the submission's modules."""
        if self.finder in sys.meta_path:
            sys.meta_path.remove(self.finder)


class InProcess:
    """The launcher of ``--isolation none``."""

    name = "none"
    lifetime = "test"
    start: Callable[[Plan], Any] = staticmethod(InProcessWorker)

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder

    def close(self) -> None:
        """Nothing was started."""

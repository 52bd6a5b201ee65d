"""Starting workers and talking to them: the names that the rest of the judge needs."""

from __future__ import annotations

from typing import Protocol

from grader.allowance import Allowance, TookTooLong, TookTooMuch
from grader.connection import Died, Plan, Worker, call_id
from grader.forked import Zygote
from grader.fresh import Fresh

__all__ = [
    "Allowance",
    "Died",
    "Fresh",
    "Launcher",
    "Plan",
    "TookTooLong",
    "TookTooMuch",
    "Worker",
    "Zygote",
    "call_id",
]


class Launcher(Protocol):
    """A way to start workers."""

    name: str
    lifetime: str  # "test" | "file": how long one worker serves

    def start(self, plan: Plan) -> Worker:
        """A confined worker that has said ready."""

    def close(self) -> None:
        """End everything that was started."""

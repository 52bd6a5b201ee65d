"""Workers for the tests of the engine: on a few lines of code, asked by name; and what they leave running."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import psutil

from grader.launch import Allowance, Launcher, Plan, Worker, call_id
from grader.subject import Decoder
from grader.worker import codec, messages

SECONDS = 60.0  # more than anything here takes on a slow, loaded machine


class Served:
    """A worker on one module, ``m``."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker

    def reply(
        self, name: str, *args: Any, allowance: Allowance | None = None, module: str = "m", **kwargs: Any
    ) -> Any:
        """What the worker answers to a call, undecoded when it is no value."""
        encoder = codec.Encoder()
        nodes = [encoder.node(value) for value in args]
        values = [encoder.node(value) for value in kwargs.values()]
        message = messages.Call(call_id(), module, name, nodes, list(kwargs), values)
        return self.ask(message, encoder.buffers, allowance)

    def ask(
        self,
        message: messages.Request,
        buffers: list[memoryview] | None = None,
        allowance: Allowance | None = None,
    ) -> Any:
        """The answer's value, or the reply that came instead of an answer."""
        reply, buffer = self.worker.request(message, buffers or [], allowance or Allowance(SECONDS, SECONDS))
        if not isinstance(reply, messages.Answer):
            return reply
        decoder = Decoder(buffer)
        value = decoder.value(reply.value)
        decoder.finish()
        return value

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """``served.f(1)`` calls m.f; anything but a value is a failure of the test."""

        def call(*args: Any, **kwargs: Any) -> Any:
            answer = self.reply(name, *args, **kwargs)
            assert not isinstance(answer, messages.Raised | messages.Unusable | messages.Absent), answer
            return answer

        return call


def serving(launcher: Launcher, folder: Path) -> Iterator[Callable[..., Served]]:
    """A function that starts a worker on some code; all of them end with the test."""
    started: list[Worker] = []

    def serve(code: str = "", *, problems: dict[str, str] | None = None, **plan: Any) -> Served:
        home = folder / f"{launcher.name}{len(started)}"
        home.mkdir()
        (home / "m.py").write_text(dedent(code), encoding="utf-8")
        worker = launcher.start(Plan(home, {"m": "m.py"}, problems or {}, plan.pop("seed", 1), **plan))
        started.append(worker)
        return Served(worker)

    yield serve
    for worker in started:
        worker.close()


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and was not waited for does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def gone(pids: list[int], seconds: float = 20.0) -> bool:
    """Whether all of these processes end within some time."""
    stop = time.monotonic() + seconds
    while any(map(alive, pids)):
        if time.monotonic() > stop:
            return False
        time.sleep(0.01)
    return True

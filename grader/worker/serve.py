"""The loop that answers calls in a worker; the same program however the worker was started."""

from __future__ import annotations

import contextlib
import importlib
import os
import select
import socket
import sys
import types
from typing import Any

import msgspec
import torch

from grader.worker import codec, device, latch, messages, modules, plain, probe, sandbox, wire
from grader.worker.raising import place, raised

MOST_FAILURES = 20  # of a notebook's cells, told to the judge
# Built here, before the fork: it takes longer than all the rest of a worker's start.
decode_request = wire.decoder(messages.Request)


def wait_forever(sock: socket.socket, writing: bool) -> None:
    """A worker has no deadline of its own: the judge kills it."""
    select.select([] if writing else [sock], [sock] if writing else [], [])


class Worker:
    """Answers the judge's requests about one submission."""

    def __init__(self, sock: socket.socket, settings: messages.Settings) -> None:
        self.sock = sock
        self.settings = settings
        self.benches: dict[str, types.ModuleType] = {}
        self.globals = process_globals()

    def send(self, message: Any, buffers: list[memoryview] | None = None) -> None:
        """Write one message to the judge."""
        wire.send(self.sock, msgspec.msgpack.encode(message), buffers or [], wait_forever)

    def serve(self) -> None:
        """Answer until the judge hangs up."""
        while True:
            try:
                header, buffer = wire.receive(self.sock, wire.BUFFER_CEILING, wait_forever)
            except wire.Closed:
                return
            request = decode_request(header)
            reply, buffers = self.answer(request, buffer)
            with contextlib.suppress(Exception):  # whatever a submission has put there
                sys.stdout.flush()
                sys.stderr.flush()
            try:
                self.send(reply, buffers)
            except wire.WireError:
                self.send(messages.Unusable(request.id, "an answer of too many parts or too long a text"))
            except UnicodeEncodeError:
                self.send(messages.Unusable(request.id, "a text with half a character (a lone surrogate)"))

    def answer(self, request: messages.Request, buffer: bytearray) -> tuple[messages.Reply, list[memoryview]]:
        """Carry out one request; every way in which submitted code can fail becomes a reply."""
        try:
            return self.carry_out(request, buffer)
        except codec.Unfit as error:
            return messages.Unusable(request.id, str(error)), []
        except BaseException as error:  # SystemExit, KeyboardInterrupt: the judge must get an answer
            absent = self.absent(error)
            if absent:
                return messages.Absent(request.id, absent), []
            stage = "load" if isinstance(request, messages.Load) else "call"
            return raised(request.id, error, stage, self.settings.folder), []

    def absent(self, error: BaseException) -> str | None:
        """What to say where our bench asked a submitted module for a name that it lacks, or None."""
        if not isinstance(error, AttributeError):
            return None
        module = error.obj
        if type(module) is not types.ModuleType or module.__name__ not in self.settings.modules:
            return None
        if place(error, self.settings.folder)[0] is not None:  # the submission's own line asked
            return None
        return missing_name(module, error.name or "")

    def carry_out(
        self, request: messages.Request, buffer: bytearray
    ) -> tuple[messages.Reply, list[memoryview]]:
        """Carry out one request and let every exception out."""
        if isinstance(request, messages.Inspect):
            return messages.Answer(request.id, process_globals() == self.globals), []
        if isinstance(request, messages.Probe):
            return messages.Answer(request.id, codec.List(list(probe.findings(request)))), []
        if isinstance(request, messages.TryDevice):
            return messages.Answer(request.id, codec.List(list(device.tried()))), []
        if isinstance(request, messages.Load):
            if request.module in self.settings.problems:
                return messages.Absent(request.id, self.settings.problems[request.module]), []
            importlib.import_module(request.module)
            return self.packed(request.id, failed_cells(request.module))
        found = self.find(request)
        if isinstance(found, messages.Absent):
            return found, []
        if isinstance(request, messages.Fetch):
            return self.packed(request.id, found)
        decoder = codec.Decoder(buffer)
        args = [plain.to_objects(decoder.value(node)) for node in request.args]
        values = [plain.to_objects(decoder.value(node)) for node in request.values]
        return self.packed(request.id, found(*args, **dict(zip(request.keys, values, strict=True))))

    def find(self, request: messages.Call | messages.Run | messages.Fetch) -> Any:
        """What the request names, or Absent."""
        if isinstance(request, messages.Run):
            if request.source not in self.benches:
                bench = types.ModuleType(request.origin.removesuffix(".py"))
                exec(compile(request.source, f"<{request.origin}>", "exec"), bench.__dict__)
                self.benches[request.source] = bench
            return getattr(self.benches[request.source], request.name)
        module = importlib.import_module(request.module)
        if not hasattr(module, request.name):
            return messages.Absent(request.id, missing_name(module, request.name))
        found = getattr(module, request.name)
        if isinstance(request, messages.Call) and not callable(found):
            return messages.Absent(request.id, f"{request.name} in {request.module}.py is not a function")
        return found

    def packed(self, number: int, result: Any) -> tuple[messages.Reply, list[memoryview]]:
        """The answer as a frame, within the size that the judge will take."""
        encoder = codec.Encoder()
        node = encoder.node(plain.to_plain(result))
        size = sum(buffer.nbytes for buffer in encoder.buffers)
        if size > self.settings.answer_bytes:
            most = self.settings.answer_bytes / 2**20
            text = f"an answer of {size / 2**20:,.0f} MiB; at most {most:,.0f} are taken"
            return messages.Unusable(number, text), []
        return messages.Answer(number, node), encoder.buffers


def missing_name(module: types.ModuleType, wanted: str) -> str:
    """Which name is not there, and which one looks like it."""
    import difflib

    names = {name.casefold(): name for name in vars(module) if name[0] != "_"}
    near = [names[name] for name in difflib.get_close_matches(wanted.casefold(), names, 1)]
    hint = f"; there is {near[0]}" if near else ""
    return f"{module.__name__}.py defines no {wanted}{hint}"


def failed_cells(module: str) -> list[tuple[int, int | None, str, str, str | None]] | None:
    """Which cells of a notebook failed when a module was loaded: number, line, exception, its text, and which
    stub was reached; None for a module that is a file."""
    failures = modules.failures(module)[:MOST_FAILURES]
    return [
        (number, said.line if said.file == f"cell {number}" else None, said.types[0], said.message, said.stub)
        for number, said in failures
    ] or None


def process_globals() -> tuple[Any, ...]:
    """Process-wide settings that one test must not leave changed for the next."""
    return (
        torch.get_default_dtype(),
        torch.is_grad_enabled(),
        torch.get_num_threads(),
        torch.are_deterministic_algorithms_enabled(),
        os.getcwd(),
    )


def run(sock: socket.socket, around: sandbox.Around) -> None:
    """Confine this process, say so, and answer until the judge hangs up."""
    settings = around.settings
    sock.setblocking(False)
    for number, name in ((1, "stdout"), (2, "stderr")):  # line by line: a killed worker flushes nothing
        output = open(number, "w", 1, "utf-8", "backslashreplace", closefd=False)  # noqa: SIM115
        setattr(sys, name, output)
    layers = sandbox.confine(around)
    if settings.by_hand:
        latch.patch()
    modules.install(settings)
    worker = Worker(sock, settings)
    worker.send(messages.Ready(layers))
    worker.serve()

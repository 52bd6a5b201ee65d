"""A worker that does as it pleases with its end of the socket cannot hold the judge past its deadline.

Covered: a peer that answers early, twice, or under another number, or in another conversation's words; that
stops in mid-frame, trickles, floods byte by byte, closes one direction, announces a GiB and sends none of it,
sends descriptors and urgent bytes, reads nothing, or fills the socket while it is asked.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import frames
import msgspec
import pytest

from grader.allowance import Allowance
from grader.connection import Died, Plan, TookTooLong, Worker
from grader.worker import messages, wire

pytestmark = pytest.mark.timeout(120)


class Patience(Exception):
    """What a caller's wait raises when its time is up."""


def impatient(sock: Any, writing: bool) -> None:
    raise Patience


class Lone(Worker):
    """A worker of which there is only the socket."""

    def _end(self) -> None:
        pass


PLAN = Plan(Path("/nonexistent"), {}, {}, 0, answer_bytes=wire.BUFFER_CEILING)


@contextmanager
def opponent(act: Callable[[socket.socket, threading.Event], Any], plan: Plan = PLAN) -> Iterator[Worker]:
    """A worker whose other end is in the hands of ``act``, until the event is set."""
    ours, theirs = socket.socketpair()
    over = threading.Event()

    def play() -> None:
        try:
            act(theirs, over)
        except OSError:  # the judge has hung up
            pass
        finally:
            over.wait(60)
            theirs.close()

    worker = Lone(plan, ours, None, Path("/nonexistent"))
    player = threading.Thread(target=play)
    player.start()
    try:
        yield worker
    finally:
        over.set()
        worker.close()
        player.join(60)
        assert not player.is_alive()


def heard(theirs: socket.socket) -> int:
    """Read one request; its number."""
    theirs.setblocking(True)
    header, _ = wire.receive(theirs, wire.BUFFER_CEILING, impatient)
    return int(msgspec.msgpack.decode(header)["id"])


def ask(worker: Worker, number: int = 7, seconds: float = 20.0) -> Any:
    reply, _ = worker.request(messages.Inspect(number), [], Allowance(None, seconds))
    return reply


def test_the_opponent_can_play_fair() -> None:
    def act(theirs: socket.socket, over: threading.Event) -> None:
        for _ in range(2):
            theirs.sendall(frames.frame(frames.answer(True, heard(theirs))))

    with opponent(act) as worker:
        assert ask(worker, 7).value is True
        assert ask(worker, 8).value is True


def test_an_answer_under_another_number_ends_the_worker() -> None:
    with opponent(
        lambda theirs, over: theirs.sendall(frames.frame(frames.answer(1, heard(theirs) + 1)))
    ) as worker:
        with pytest.raises(wire.WireError, match="not made"):
            ask(worker)
        assert not worker.alive
        with pytest.raises(Died):
            ask(worker)


def test_a_second_answer_to_a_call_answers_no_other() -> None:
    def act(theirs: socket.socket, over: threading.Event) -> None:
        number = heard(theirs)
        theirs.sendall(frames.frame(frames.answer(1, number)) + frames.frame(frames.answer(2, number)))

    with opponent(act) as worker:
        assert ask(worker, 7).value == 1
        with pytest.raises(wire.WireError, match="not made"):
            ask(worker, 8)


def test_an_answer_before_the_question_must_guess_its_number() -> None:
    data = frames.frame(frames.answer(1, 5))
    with (
        opponent(lambda theirs, over: theirs.sendall(data)) as worker,
        pytest.raises(wire.WireError, match="not made"),
    ):
        ask(worker)


@pytest.mark.parametrize("kind", ["ready", "started", "exited", "load", "inspect"])
def test_a_message_of_another_conversation_is_no_answer(kind: str) -> None:
    fields = {"layers": []} if kind == "ready" else {"pid": 1} if kind == "started" else {"status": 0}
    data = frames.frame({"type": kind, "id": 7, **fields})
    with (
        opponent(lambda theirs, over: theirs.sendall(data)) as worker,
        pytest.raises(wire.WireError, match="undecodable"),
    ):
        ask(worker)


@pytest.mark.parametrize("length", [0, 3, wire.PREFIX.size, wire.PREFIX.size + 4])
def test_half_a_frame_and_then_silence_ends_at_the_deadline(length: int) -> None:
    data = frames.frame(frames.answer(1, 7))[:length]
    with opponent(lambda theirs, over: theirs.sendall(data)) as worker:
        with pytest.raises(TookTooLong):
            ask(worker, seconds=0.2)
        assert not worker.alive


@pytest.mark.parametrize("length", [0, 3, wire.PREFIX.size, wire.PREFIX.size + 4])
def test_half_a_frame_and_then_the_end_is_a_death(length: int) -> None:
    data = frames.frame(frames.answer(1, 7))[:length]

    def act(theirs: socket.socket, over: threading.Event) -> None:
        heard(theirs)
        theirs.sendall(data)
        theirs.shutdown(socket.SHUT_WR)

    with opponent(act) as worker, pytest.raises(Died):
        ask(worker)


def test_a_peer_that_takes_no_more_questions_is_dead() -> None:
    with opponent(lambda theirs, over: None) as worker:
        worker.sock.shutdown(socket.SHUT_WR)  # what the other end's SHUT_RD does
        with pytest.raises(Died):
            ask(worker)


def test_a_byte_now_and_then_ends_at_the_deadline() -> None:
    def act(theirs: socket.socket, over: threading.Event) -> None:
        theirs.sendall(wire.PREFIX.pack(wire.HEADER_LIMIT, 0))
        while not over.wait(0.01):
            theirs.send(b"\x00")

    with opponent(act) as worker, pytest.raises(TookTooLong):
        ask(worker, seconds=0.3)


def test_bytes_without_a_pause_do_not_keep_the_judge_from_its_deadline() -> None:
    """One who always has another byte ready would, if the deadline were looked at only while waiting."""
    data = wire.PREFIX.pack(0, 1 << 20) + bytes(1 << 20)
    sock = frames.Bytes(data, piece=1)
    with pytest.raises(Patience):
        wire.receive(sock, 1 << 20, impatient)  # type: ignore[arg-type]
    assert len(data) - len(sock.rest) <= wire.PREFIX.size + wire.PIECES


def test_a_large_answer_in_large_pieces_is_not_interrupted() -> None:
    data = wire.PREFIX.pack(0, 8 << 20) + bytes(8 << 20)
    header, buffer = wire.receive(frames.Bytes(data, piece=208 << 10), 8 << 20, impatient)  # type: ignore[arg-type]
    assert (len(header), buffer) == (0, data[wire.PREFIX.size :])


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_gigabyte_that_is_announced_and_never_sent_takes_no_memory() -> None:
    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    before = resident()
    reached: list[int] = []

    def note(sock: Any, writing: bool) -> None:
        reached.append(resident())
        raise Patience

    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        theirs.sendall(wire.PREFIX.pack(0, wire.BUFFER_CEILING) + bytes(100_000))
        with pytest.raises(Patience):
            wire.receive(ours, wire.BUFFER_CEILING, note)
    assert reached[0] - before < 8 << 20


def _descriptors() -> set[str]:
    return set(os.listdir("/proc/self/fd"))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_descriptors_that_come_along_do_not_pile_up_in_the_judge() -> None:
    """An answer in pieces of one byte, with 100 descriptors on each, is read; none of them stays.

    From Linux 6.16 on they cannot even be sent.
    """
    data = frames.frame(frames.answer(True, 7))
    with open(os.devnull, "rb") as null:

        def act(theirs: socket.socket, over: threading.Event) -> None:
            heard(theirs)
            for byte in data:
                try:
                    socket.send_fds(theirs, [bytes([byte])], [null.fileno()] * 100)
                except PermissionError:
                    theirs.send(bytes([byte]))

        with opponent(act) as worker:
            before = _descriptors()
            assert ask(worker).value is True
            assert _descriptors() == before


@pytest.mark.skipif(sys.platform != "linux", reason="SCM_RIGHTS, SO_LINGER")
def test_a_kernel_that_can_refuses_descriptors() -> None:
    """Or a connection that lingers, closed by the judge as it reads, would hold it past every deadline."""
    ours, theirs = socket.socketpair()
    with ours, theirs, open(os.devnull, "rb") as null:
        wire.refuse_descriptors(ours)
        release = tuple(map(int, os.uname().release.split("-")[0].split(".")[:2]))
        if release >= (6, 16):
            with pytest.raises(PermissionError):
                socket.send_fds(theirs, [b"x"], [null.fileno()])
        else:  # nothing is broken by asking
            socket.send_fds(theirs, [b"x"], [null.fileno()])
        theirs.send(b"y")
        assert ours.recv(10) in (b"y", b"xy")


@pytest.mark.skipif(not hasattr(socket, "MSG_OOB"), reason="no urgent data here")
def test_urgent_bytes_end_at_the_deadline() -> None:
    """The socket is then readable and has nothing to read; an old kernel refuses to send them."""

    def act(theirs: socket.socket, over: threading.Event) -> None:
        theirs.send(b"!", socket.MSG_OOB)

    with opponent(act) as worker, pytest.raises((TookTooLong, wire.WireError)):
        ask(worker, seconds=0.3)


# -- the other direction: what a worker does to a question cannot make the judge wait


def test_a_question_that_is_never_read_ends_at_the_deadline() -> None:
    with opponent(lambda theirs, over: None) as worker, pytest.raises(TookTooLong):
        worker.request(messages.Inspect(7), [memoryview(bytes(8 << 20))], Allowance(None, 0.3))


def test_an_answer_while_the_question_is_still_being_sent_waits_for_its_turn() -> None:
    """One that fills the socket from its side and reads nothing ends at the deadline too."""

    def act(theirs: socket.socket, over: threading.Event) -> None:
        theirs.setblocking(False)
        with suppress(BlockingIOError):
            while True:
                theirs.send(bytes(1 << 16))

    with opponent(act) as worker, pytest.raises(TookTooLong):
        worker.request(messages.Inspect(7), [memoryview(bytes(8 << 20))], Allowance(None, 0.3))

"""Frames: sized before they are read, waited for no longer than allowed, one exception for every trouble."""

from __future__ import annotations

import socket
import struct
import threading
import tracemalloc
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from grader.subject import Decoder
from grader.worker import codec, messages, wire

decode_reply = wire.decoder(messages.Reply)


class Patience(Exception):
    """What a caller's wait raises when its time is up."""


def impatient(sock: socket.socket, writing: bool) -> None:
    raise Patience("writing" if writing else "reading")


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two ends of a connection, neither of which blocks."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        theirs.setblocking(False)
        yield ours, theirs


def arrives(header: bytes, buffers: list[bytes]) -> tuple[bytearray, bytearray]:
    """One frame, sent and received."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        theirs.setblocking(False)
        wire.send(ours, header, [memoryview(buffer) for buffer in buffers], impatient)
        return wire.receive(theirs, 1 << 20, impatient)


# -- frames


@given(header=st.binary(max_size=2000), buffers=st.lists(st.binary(max_size=2000), max_size=4))
@settings(deadline=None)
def test_a_frame_arrives_as_it_was_sent(header: bytes, buffers: list[bytes]) -> None:
    assert arrives(header, buffers) == (header, b"".join(buffers))


def test_a_frame_larger_than_the_socket_takes_is_sent_in_pieces(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = pair
    ours.setblocking(True)
    data = bytes(range(256)) * (16 << 10)
    sender = threading.Thread(target=wire.send, args=(ours, b"head", [memoryview(data)], impatient))
    sender.start()
    theirs.settimeout(20)
    assert wire.receive(theirs, len(data), impatient) == (b"head", data)
    sender.join(20)


def test_frames_follow_one_another(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    wire.send(ours, b"one", [memoryview(b"1")], impatient)
    wire.send(ours, b"two", [], impatient)
    assert wire.receive(theirs, 10, impatient) == (b"one", b"1")
    assert wire.receive(theirs, 10, impatient) == (b"two", b"")


@pytest.mark.parametrize(
    ("header", "buffer", "limit"),
    [
        (wire.HEADER_LIMIT + 1, 0, 1000),
        (2**32 - 1, 0, 1000),
        (0, 1001, 1000),
        (0, 2**64 - 1, 1000),
        (0, wire.BUFFER_CEILING + 1, 2**64),
    ],
)
def test_an_announced_size_over_its_limit_is_refused_before_memory_is_taken_for_it(
    pair: tuple[socket.socket, socket.socket], header: int, buffer: int, limit: int
) -> None:
    ours, theirs = pair
    ours.send(wire.PREFIX.pack(header, buffer))
    tracemalloc.start()
    try:
        with pytest.raises(wire.WireError, match="announced"):
            wire.receive(theirs, limit, impatient)
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()


def test_memory_that_cannot_be_had_for_a_frame_is_trouble_with_the_frame(
    pair: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(size: int = 0) -> bytearray:
        if size > wire.PREFIX.size:
            raise MemoryError
        return bytearray(size)

    monkeypatch.setattr(wire, "bytearray", none_left, raising=False)
    ours, theirs = pair
    ours.send(wire.PREFIX.pack(0, 1000))
    with pytest.raises(wire.WireError, match="no memory for a frame of 1,000 bytes"):
        wire.receive(theirs, 1000, impatient)


def test_a_header_over_the_limit_is_not_sent(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    with pytest.raises(wire.WireError, match="description takes"):
        wire.send(ours, bytes(wire.HEADER_LIMIT + 1), [], impatient)
    with pytest.raises(BlockingIOError):
        theirs.recv(1)


FRAME = wire.PREFIX.pack(10, 10) + b"h" * 10 + b"b" * 10


@pytest.mark.parametrize("length", [0, 1, wire.PREFIX.size, wire.PREFIX.size + 5, wire.PREFIX.size + 15])
def test_a_truncated_frame_is_a_closed_connection(
    pair: tuple[socket.socket, socket.socket], length: int
) -> None:
    ours, theirs = pair
    ours.send(FRAME[:length])
    ours.close()
    with pytest.raises(wire.Closed):
        wire.receive(theirs, 100, impatient)


@pytest.mark.parametrize("length", [0, 1, wire.PREFIX.size, wire.PREFIX.size + 5, len(FRAME) - 1])
def test_a_peer_that_stops_in_the_middle_is_waited_for_as_long_as_the_caller_wants(
    pair: tuple[socket.socket, socket.socket], length: int
) -> None:
    ours, theirs = pair
    ours.send(FRAME[:length])
    with pytest.raises(Patience, match="reading"):
        wire.receive(theirs, 100, impatient)


def test_a_peer_that_never_reads_is_waited_for_as_long_as_the_caller_wants(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    with pytest.raises(Patience, match="writing"):
        wire.send(pair[0], b"", [memoryview(bytes(8 << 20))], impatient)


def test_a_peer_that_hung_up_cannot_be_written_to(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    theirs.close()
    with pytest.raises(wire.Closed):
        wire.send(ours, b"x", [], impatient)


def test_a_connection_that_is_reset_is_closed(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    ours.send(b"never read")
    theirs.send(b"x")
    theirs.close()  # with unread data: the other side gets a reset
    with pytest.raises(wire.Closed):
        wire.receive(ours, 10, impatient)


# -- headers

RAISED = {
    "types": ["E"],
    "message": "",
    "stub": None,
    "file": None,
    "line": None,
    "source": None,
    "stage": "call",
}


def packed(**fields: object) -> bytes:
    return msgspec.msgpack.encode(fields)


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"\xc1",  # a byte that msgpack never uses
        b"\x83\xa4type",  # a map that ends early
        b"\xdd\xff\xff\xff\xff",  # a list of four billion
        b"\xc6\xff\xff\xff\xff",  # four billion bytes
        b"\x91" * 200_000,  # nested deeper than any stack
        b"\x81\xa1a" * 80_000,
        packed(type="answer", id=1, value=1) + b"\x00",  # something after the end
        packed(id=1, value=1),
        packed(type="answers", id=1, value=1),
        packed(type="answer", id=1),
        packed(type="answer", id=1, value=1, more=1),
        packed(type="answer", id="1", value=1),
        packed(type="answer", id=True, value=1),
        packed(type="answer", id=1.5, value=1),
        packed(type="answer", id=1, value=b"bytes"),
        packed(type="answer", id=1, value={"a": 1}),
        packed(type="answer", id=1, value=[1, 2]),
        packed(type="answer", id=1, value=["x", []]),
        packed(type="answer", id=1, value=["l"]),
        packed(type="answer", id=1, value=["l", [], []]),
        packed(type="answer", id=1, value=["a", "float32", [True]]),
        packed(type="answer", id=1, value=["n", "uint8", 3]),
        packed(type="answer", id=1, value=["n", "bfloat16", 3]),
        packed(type="answer", id=1, value=["r", "R", [1], [1]]),
        packed(type="answer", id=1, value=msgspec.msgpack.Ext(5, b"x")),
        packed(type="raised", id=1, **{**RAISED, "types": "E"}),
        packed(type="raised", id=1, **{**RAISED, "line": "7"}),
        packed(type="ready", layers=[]),
        packed(type="answer", id=1, value=1).replace(b"answer", b"\xff\xff\xff\xff\xff\xff"),  # not UTF-8
    ],
)
def test_a_header_that_is_not_what_was_agreed_is_refused(header: bytes) -> None:
    with pytest.raises(wire.WireError, match="undecodable header"):
        decode_reply(header)


@pytest.mark.parametrize("reply", [messages.Answer(1, codec.List([1])), messages.Raised(id=1, **RAISED)])
def test_a_header_that_is_what_was_agreed_is_read(reply: messages.Reply) -> None:
    assert decode_reply(msgspec.msgpack.encode(reply)) == reply


def test_nesting_deeper_than_the_stack_is_refused_also_where_every_level_is_of_the_agreed_kind() -> None:
    header = packed(type="answer", id=1, value=0)[:-1] + b"\x92\xa1l\x91" * 50_000 + b"\x00"
    with pytest.raises(wire.WireError, match="RecursionError"):
        decode_reply(header)


def test_the_largest_header_makes_a_bounded_number_of_objects() -> None:
    items = [["l", []]] * ((wire.HEADER_LIMIT - 100) // 4)
    header = packed(type="answer", id=1, value=["l", items])
    assert wire.HEADER_LIMIT - 200 < len(header) <= wire.HEADER_LIMIT
    tracemalloc.start()
    try:
        value = codec.Decoder(b"").value(decode_reply(header).value)
        assert len(value) == len(items)
        assert tracemalloc.get_traced_memory()[1] < 72 * wire.HEADER_LIMIT
    finally:
        tracemalloc.stop()


# -- fuzzing: a frame of a worker that does as it pleases gives a value or a WireError, and nothing else


def take(header: bytes, buffer: bytes) -> None:
    """All that the judge does with an answer before a test sees it."""
    try:
        reply = decode_reply(header)
        if isinstance(reply, messages.Answer):
            decoder = Decoder(buffer)
            decoder.value(reply.value)
            decoder.finish()
    except wire.WireError:
        pass


def frame_of(value: object) -> tuple[bytes, bytes]:
    encoder = codec.Encoder()
    node = encoder.node(value)
    header = msgspec.msgpack.encode(messages.Answer(1, node))
    return header, b"".join(map(bytes, encoder.buffers))


VALID = [
    frame_of(value)
    for value in (
        {"a": [1, 2.5, None], (1, 2): {"x", "y"}},
        [float(n) for n in range(1001)],
        codec.RecordFields("Point", {"x": 1.0, "y": [True]}),
        codec.RawArray("bfloat16", (2, 2), memoryview(bytes(8))),
        codec.RawArray("bool", (5,), memoryview(bytes([0, 1, 1, 0, 1]))),
        [
            codec.RawArray("float32", (2, 3), memoryview(bytes(24))),
            codec.RawArray("int64", (), memoryview(bytes(8))),
        ],
    )
]


@given(header=st.binary(max_size=300), buffer=st.binary(max_size=64))
@example(packed(type="answer", id=1, value=["a", "float32", [2**63, 0]]), b"")
@example(packed(type="answer", id=1, value=["a", "float32", [2**40, 2**40]]), b"")
@example(packed(type="answer", id=1, value=["a", "float64", [-1, -8]]), bytes(8))
@example(packed(type="answer", id=1, value=["a", "float32", [1] * 33]), bytes(4))
@example(packed(type="answer", id=1, value=["n", "int64", -1]), b"")
@example(packed(type="answer", id=1, value=["d", [["l", []]], [1]]), b"")
@example(packed(type="answer", id=1, value=["s", [["a", "bool", [0]]]]), b"")
@example(packed(type="answer", id=1, value=["s", [["r", "R", ["x"], [["l", []]]]]]), b"")
@example(packed(type="answer", id=1, value=["d", [1, 2], [1]]), b"")
@settings(deadline=None, max_examples=300)
def test_random_bytes_give_a_value_or_a_wire_error(header: bytes, buffer: bytes) -> None:
    take(header, buffer)


@st.composite
def mutated(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """A valid frame with some bytes changed, cut out, doubled or put in."""
    parts = []
    for part in draw(st.sampled_from(VALID)):
        data = bytearray(part)
        for _ in range(draw(st.integers(0, 4))):
            at = draw(st.integers(0, len(data)))
            length = draw(st.integers(0, 8))
            data[at : at + length] = draw(st.binary(max_size=8))
        parts.append(bytes(data))
    return parts[0], parts[1]


@given(mutated())
@settings(deadline=None, max_examples=500)
def test_a_mutated_frame_gives_a_value_or_a_wire_error(frame: tuple[bytes, bytes]) -> None:
    take(*frame)


def test_the_fuzzed_frames_are_valid_to_begin_with() -> None:
    for header, buffer in VALID:
        decoder = codec.Decoder(buffer)
        decoder.value(decode_reply(header).value)
        decoder.finish()


def test_the_prefix_is_what_the_documents_say() -> None:
    assert wire.PREFIX.format == "<IQ"
    assert wire.PREFIX.size == struct.calcsize("<IQ") == 12

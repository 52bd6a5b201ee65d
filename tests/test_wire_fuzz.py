"""Whatever bytes a worker writes, the judge reads a reply or one exception, in bounded memory.

Covered: any bytes; frames of every kind of reply as our own encoder writes them, with every dtype, bfloat16,
empty and 32-dimensional shapes, any bits of NaN; such frames with nodes replaced, doubled or left out, texts
that are not UTF-8, extensions, times, maps with equal and with NaN keys, sizes that lie, buffers too short
and too long; frames cut after every byte; nesting of up to a million; headers full of the smallest node of
each kind; keys that collide. What a hostile peer does with its end of the socket is in test_wire_opponent.py.

``-m slow`` tries many more examples, other ones in each run. tests/fuzz does the same guided by coverage.
"""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import frames
import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.worker import codec, wire

pytestmark = pytest.mark.timeout(900)

FEW_AND_MANY = pytest.mark.parametrize(
    "more", [1, pytest.param(20, marks=pytest.mark.slow)], ids=["few", "many"]
)


class Patience(Exception):
    """What a caller's wait raises when its time is up."""


def impatient(sock: Any, writing: bool) -> None:
    raise Patience


def patient(sock: Any, writing: bool) -> None:
    pass


def arrives(data: bytes, piece: int = 1 << 20) -> Any:
    """What the judge makes of these bytes: a value, a reply, or the name of the exception that was agreed."""
    try:
        return frames.read(*wire.receive(frames.Bytes(data, piece), 1 << 16, patient))  # type: ignore[arg-type]
    except (wire.WireError, wire.Closed) as error:
        return type(error).__name__


# -- any bytes


@FEW_AND_MANY
def test_any_bytes(more: int) -> None:
    """On a socket, with and without a prefix that fits them."""

    @frames.profile(300 * more, fixed=more == 1)
    @given(data=st.binary(max_size=400), fits=st.booleans(), buffer=st.integers(0, 40))
    def holds(data: bytes, fits: bool, buffer: int) -> None:
        buffer = min(buffer, len(data))
        data = (wire.PREFIX.pack(len(data) - buffer, buffer) if fits else b"") + data
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.setblocking(False)
            theirs.sendall(data)
            theirs.shutdown(socket.SHUT_WR)
            with suppress(wire.WireError, wire.Closed):
                frames.read(*wire.receive(ours, 1 << 16, impatient))

    holds()


# -- frames that are right


def _same(got: Any, want: Any) -> bool:
    """Equal in kind and bits; NaN is NaN."""
    if isinstance(want, codec.RawArray):
        if not isinstance(got, np.ndarray) or got.shape != want.shape:
            return False
        if want.dtype == "bfloat16":
            halves = np.frombuffer(want.buffer, dtype=np.uint16)
            return got.dtype == np.float32 and bool((got.ravel().view(np.uint32) >> 16 == halves).all())
        return got.dtype.name == want.dtype and got.tobytes() == want.buffer.tobytes()
    if isinstance(want, codec.RecordFields):
        return bool(got.name == want.name) and _same(got.fields, want.fields)
    if type(got) is not type(want):
        return False
    if isinstance(want, list | tuple):
        return len(got) == len(want) and all(map(_same, got, want))
    if isinstance(want, dict):
        return _same([*got], [*want]) and _same([*got.values()], [*want.values()])
    if isinstance(want, set):
        return sorted(map(repr, got)) == sorted(map(repr, want))
    return bool(got == want) or (want != want and got != got)


@FEW_AND_MANY
def test_every_value_that_our_encoder_takes_arrives_as_it_was(more: int) -> None:
    @frames.profile(250 * more, fixed=more == 1)
    @given(frames.values)
    def holds(value: Any) -> None:
        node, buffers = frames.packed(value)
        assert _same(arrives(frames.frame(frames.answer(node), buffers)), value)

    holds()


@FEW_AND_MANY
def test_every_other_reply_arrives_as_it_was(more: int) -> None:
    @frames.profile(60 * more, fixed=more == 1)
    @given(frames.others)
    def holds(reply: Any) -> None:
        assert arrives(frames.frame(reply)) == reply

    holds()


# -- frames that are not


@FEW_AND_MANY
def test_a_changed_frame(more: int) -> None:
    @frames.profile(600 * more, fixed=more == 1)
    @given(frames.mutated(), st.sampled_from([1, 7, 1 << 20]))
    def holds(data: bytes, piece: int) -> None:
        arrives(data, piece)

    holds()


@pytest.mark.parametrize("node", frames.NODES, ids=str)
def test_each_node_that_no_worker_of_ours_sends(node: Any) -> None:
    for buffer in (b"", bytes(8)):
        for header in (
            frames.answer(node),
            frames.answer(["l", [node, 1]]),
            frames.answer(["d", [1], [node]]),
        ):
            arrives(frames.frame(header, buffer))


CUT = [
    frames.frame(frames.answer(node), buffers)
    for node, buffers in map(
        frames.packed,
        (
            {"a": [1, 2.5, None], (1, 2): {"x", "y"}},
            codec.RecordFields("Point", {"x": 1.0, "y": [True]}),
            [np.arange(3.0), np.array(True), np.zeros((0, 4), dtype=np.int8)],
            codec.RawArray("bfloat16", (2, 2), memoryview(bytes(8))),
        ),
    )
]


@pytest.mark.parametrize("data", CUT)
def test_a_frame_cut_after_any_byte_is_a_closed_connection(data: bytes) -> None:
    assert not isinstance(arrives(data), str)
    assert {arrives(data[:length]) for length in range(len(data))} == {"Closed"}


@pytest.mark.parametrize("data", CUT)
def test_a_header_or_buffer_cut_after_any_byte_is_refused(data: bytes) -> None:
    """The sizes of the prefix fit what is left."""
    header, buffer = struct.unpack_from("<IQ", data)
    body = data[wire.PREFIX.size :]
    for length in range(header):
        assert arrives(wire.PREFIX.pack(length, buffer) + body[:length] + body[header:]) == "WireError"
    for length in range(buffer):
        assert arrives(wire.PREFIX.pack(header, length) + body[: header + length]) == "WireError"
    assert arrives(wire.PREFIX.pack(header, buffer + 1) + body + b"\x00") == "WireError"


@pytest.mark.parametrize("data", CUT)
def test_every_byte_of_a_frame_may_be_any_byte(data: bytes) -> None:
    for at in range(wire.PREFIX.size, len(data)):
        for byte in (0, 1, 0x7F, 0x80, 0x90, 0xC1, 0xD9, 0xFF, data[at] ^ 1, data[at] ^ 0x80):
            arrives(data[:at] + bytes([byte]) + data[at + 1 :])


@pytest.mark.parametrize("tag", ["l", "t", "s", "r"])
@pytest.mark.parametrize("depth", [10, 32, 34, 300, 3000, 60_000])
def test_nesting(tag: str, depth: int) -> None:
    start = {
        "l": b"\x92\xa1l\x91",
        "t": b"\x92\xa1t\x91",
        "s": b"\x92\xa1s\x91",
        "r": b"\x94\xa1r\xa0\x91\xa1x\x91",
    }
    header = msgspec.msgpack.encode(frames.answer(0))[:-1] + start[tag] * depth + b"\x00"
    read = arrives(wire.PREFIX.pack(len(header), 0) + header)
    shallow = depth <= codec.DEPTH_LIMIT and (tag != "s" or depth == 0)  # no set can be in a set
    assert (read == "WireError") is not shallow


@pytest.mark.parametrize("depth", [1_000, 100_000, 1_000_000])
@pytest.mark.parametrize("start", [b"\x91", b"\x81\xa1a", b"\x92\xa1l\x91"])
def test_nesting_without_regard_to_the_limit_of_a_header(start: bytes, depth: int) -> None:
    """The decoder itself must stand it: its limit is the interpreter's."""
    with pytest.raises(wire.WireError):
        frames.decode_reply(msgspec.msgpack.encode(frames.answer(0))[:-1] + start * depth + b"\x00")


@pytest.mark.parametrize(
    ("node", "size"),
    [
        (["s", [float("nan")] * 3], 3),
        (["d", [float("nan"), float("nan")], [1, 2]], 2),
        (["d", [1, "1", None, ["t", [1]]], [1, 2, 3, 4]], 4),
        (["s", [-1, -2]], 2),  # which share a hash
    ],
)
def test_keys_that_are_unlike_one_another(node: Any, size: int) -> None:
    assert len(arrives(frames.frame(frames.answer(node)))) == size


@pytest.mark.parametrize("keys", [[0.0, -0.0], [1, 1.0], [1, True], [0, False], [2**53, float(2**53)]])
def test_keys_that_are_equal_are_refused(keys: list[Any]) -> None:
    for node in (["s", keys], ["d", keys, keys], ["s", [["t", [key]] for key in keys]]):
        assert arrives(frames.frame(frames.answer(node))) == "WireError"


@pytest.mark.parametrize("raw", frames.RAW[:6])
def test_what_is_not_in_the_agreed_types_is_refused_wherever_it_stands(raw: msgspec.Raw) -> None:
    for header in (
        frames.answer(raw),
        frames.answer(["l", [raw]]),
        frames.answer(["d", [raw], [1]]),
        frames.answer(["r", "R", [raw], [1]]),
        frames.answer(["a", raw, []]),
        {"type": raw, "id": 1, "value": 1},
        {"type": "unusable", "id": 1, "reason": raw},
    ):
        assert arrives(frames.frame(header)) == "WireError"


# -- what it costs


def _tuples_of_one_hash(count: int) -> list[list[int]]:
    """Pairs of 64-bit integers whose tuples share a hash: CPython's xxHash, run backwards."""
    size, prime_1, prime_2, prime_5 = 2**64, 11400714785074694791, 14029467366897019727, 2870177450012600261

    def turned(lane: int, by: int) -> int:
        return ((lane << by) | (lane >> (64 - by))) % size

    wanted = (12345 - (2 ^ (prime_5 ^ 3527539))) % size
    found: list[list[int]] = []
    first = 0
    while len(found) < count:
        first += 1
        lane = turned((prime_5 + first * prime_2) % size, 31) * prime_1 % size
        second = (turned(wanted * pow(prime_1, -1, size) % size, 33) - lane) * pow(prime_2, -1, size) % size
        second -= size if second >= size // 2 else 0
        if abs(second) < 2**61 - 1:
            found.append([first, second])
    return found


def test_keys_that_are_made_to_share_a_hash_are_refused() -> None:
    """Twelve thousand of them fit into a header, and a dict of those takes seconds."""
    pairs = _tuples_of_one_hash(12_000)
    assert {hash((first, second)) for first, second in pairs} == {12345}
    nodes = [["t", pair] for pair in pairs]
    for node in (["s", nodes], ["d", nodes, [None] * len(nodes)]):
        header = msgspec.msgpack.encode(frames.answer(node))
        assert len(header) <= wire.HEADER_LIMIT
        with pytest.raises(wire.WireError, match="share a hash"):
            frames.read(header, b"")
    assert (
        len(frames.read(msgspec.msgpack.encode(frames.answer(["s", nodes[: codec.COLLISIONS]])), b"")) == 1000
    )


@pytest.mark.parametrize(
    "keys", [list(range(60_000)), [["t", [n, n % 7]] for n in range(20_000)], [f"{n}" for n in range(40_000)]]
)
def test_many_keys_are_taken(keys: list[Any]) -> None:
    assert len(arrives(frames.frame(frames.answer(["s", keys])))) == len(keys)


MEASURE = """
import json, sys
import msgspec
import frames
from grader.worker import wire

def peak():
    status = open("/proc/self/status").read()
    return int(status.split("VmHWM:")[1].split()[0]) << 10

def costs(header, buffer=b""):
    open("/proc/self/clear_refs", "w").write("5")  # the peak starts anew
    before = peak()
    try:
        value = frames.read(header, buffer)
        del value
    except wire.WireError:
        pass
    return peak() - before

room = wire.HEADER_LIMIT - 60
smallest = [
    ["l", []], ["t", []], ["s", []], ["d", [], []], ["r", "", [], []], ["a", "bool", [0]], ["a", "int8", [0]],
    ["a", "bfloat16", [0] * 32], ["a", "float64", [0] * 32], ["n", "int64", 0], ["t", [["t", [["t", []]]]]],
    ["d", [1], [1]], ["r", "", ["x"], [1]], "a", "\\xe9", 300, 1.5, None, {}, [],
]
found = {}
for node in smallest:
    count = room // len(msgspec.msgpack.encode(node))
    header = msgspec.msgpack.encode({"type": "answer", "id": 1, "value": ["l", [node] * count]})
    assert room - 1000 < len(header) <= wire.HEADER_LIMIT, node
    found[str(node)] = costs(header)
distinct = msgspec.msgpack.encode({"type": "answer", "id": 1, "value": ["s", list(range(80_000))]})
found["80,000 keys"] = costs(distinct)
name = "n" * (room - 60)
for node in (["r", name, [], []], ["r", "", [name], [1]]):
    header = msgspec.msgpack.encode({"type": "answer", "id": 1, "value": node})
    found[f"long name {len(node[1])}"] = costs(header)
size = 16 << 20
for node in (["n", "int64", size // 8], ["n", "float64", size // 8], ["a", "float64", [size // 8]],
             ["a", "bfloat16", [size // 2]], ["a", "bool", [size]], ["a", "uint8", [size]]):
    header = msgspec.msgpack.encode({"type": "answer", "id": 1, "value": node})
    buffer = bytearray(b"\\x01" * size)
    found[f"buffer {node}"] = costs(header, buffer)
print(json.dumps(found))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_frame_takes_a_bounded_amount_of_memory() -> None:
    """By the peak of what is resident in a process of its own: 64 MiB for a header, eight times a buffer."""
    path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    done = subprocess.run(
        [sys.executable, "-c", MEASURE],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    found: dict[str, int] = msgspec.json.decode(done.stdout)
    assert len(found) > 25
    for name, size in found.items():
        assert size < ((8 * 16) << 20 if name.startswith("buffer") else 64 << 20), (name, size)
    assert max(found.values()) > 1 << 20, "the measurement measures"

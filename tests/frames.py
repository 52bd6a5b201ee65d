"""Frames that a hostile worker might send, and all that the judge does with one before a test sees it.

Shared by the property tests of the wire and by ``tests/fuzz``.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from grader.subject import Decoder
from grader.worker import codec, messages, wire
from grader.worker.codec import RawArray, RecordFields

decode_reply = wire.decoder(messages.Reply)

SECRET = "SECRETWORD"  # stands for what a submission would like to have shown


def profile(examples: int, *, fixed: bool = True) -> settings:
    """:param fixed: the same examples in every run."""
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=fixed,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


# -- the judge's side


def read(header: bytes | bytearray, buffer: bytes | bytearray) -> Any:
    """The value of an answer, or the reply that came instead of one.

    :raises wire.WireError: as in the judge.
    """
    reply = decode_reply(header)
    if not isinstance(reply, messages.Answer):
        return reply
    decoder = Decoder(buffer)
    value = decoder.value(reply.value)
    decoder.finish()
    return value


class Bytes:
    """A socket that gives these bytes and then hangs up, in pieces of some size."""

    def __init__(self, data: bytes, piece: int = 1 << 20) -> None:
        self.rest = memoryview(data)
        self.piece = piece

    def recv_into(self, into: memoryview) -> int:
        part = self.rest[: min(len(into), self.piece)]
        into[: len(part)] = part
        self.rest = self.rest[len(part) :]
        return len(part)


# -- a worker's side


def frame(reply: Any, buffers: bytes = b"") -> bytes:
    """A whole frame; the reply may be a struct or plain data."""
    header = msgspec.msgpack.encode(reply)
    return wire.PREFIX.pack(len(header), len(buffers)) + header + buffers


def packed(value: Any) -> tuple[Any, bytes]:
    """A value as our own encoder writes it, in plain lists, and its buffers."""
    encoder = codec.Encoder()
    node = msgspec.to_builtins(encoder.node(value))
    return node, b"".join(bytes(buffer) for buffer in encoder.buffers)


def answer(node: Any, number: int = 1) -> dict[str, Any]:
    """An answer's header as plain data."""
    return {"type": "answer", "id": number, "value": node}


TEXTS = (
    SECRET,
    "\x00",
    "a\x00b",
    "\x1b[31mred",
    "\x1b]8;;http://x\x07link",
    "\u202eright to left",
    "\u2028",
    "<script>alert(1)</script>",
    "[bold]rich[/bold]",
    "::error file=x::",
    "\ufeff",
    "\U0010ffff",
    "__class__",
    "x" * 500,
    "\n" * 50,
    "{0.__class__}",
    "%s%n",
)
texts = st.text(max_size=8) | st.sampled_from(TEXTS)
integers = st.integers(-(2**63), 2**63 - 1) | st.sampled_from([0, 1, -1, 2**63 - 1, -(2**63), 2**61 - 1])
floats = st.floats() | st.sampled_from([0.0, -0.0, 1.0, 5e-324, 1.7976931348623157e308])
scalars = st.none() | st.booleans() | integers | floats | texts
keys = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3).map(tuple), max_leaves=3
)  # what can be hashed
field_names = st.sampled_from(["x", "y", "name", "fields", "_z", "shape", "dtype", "\uff46ields", SECRET])


@st.composite
def _shapes(draw: st.DrawFn) -> tuple[int, ...]:
    """Shapes that take little memory: small ones, and huge ones that hold nothing."""
    if draw(st.booleans()):
        return draw(arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
    sides = draw(st.lists(st.integers(0, 1), max_size=28))
    huge = draw(st.sampled_from([(), (2, 10_001), (2**31,), (2**24, 2**24), (codec.LARGEST_EXTENT,)]))
    for side in (0, *huge):
        sides.insert(draw(st.integers(0, len(sides))), side)
    return tuple(sides)


@st.composite
def _raw_arrays(draw: st.DrawFn) -> RawArray:
    """Arrays of every dtype with any bits, the payloads of NaN among them."""
    dtype = draw(st.sampled_from(sorted(codec.ITEM_SIZE)))
    shape = draw(_shapes())
    items = 0 if 0 in shape else int(np.prod(shape))
    size = items * codec.ITEM_SIZE[dtype]
    if dtype == "bool":
        raw = bytes(draw(st.lists(st.integers(0, 1), min_size=size, max_size=size)))
    else:
        raw = draw(st.binary(min_size=size, max_size=size))
    return RawArray(dtype, shape, memoryview(raw))


def _long_lists() -> st.SearchStrategy[list[Any]]:
    """Lists that travel as a buffer."""
    return st.builds(
        lambda item, more: [item] * (codec.LONG_LIST + more), integers | floats, st.integers(1, 9)
    )


values = st.recursive(
    scalars | _raw_arrays() | _long_lists(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(keys, inner, max_size=4)
        | st.sets(keys, max_size=4)
        | st.builds(RecordFields, texts, st.dictionaries(field_names, inner, max_size=3))
    ),
    max_leaves=8,
)

raised = st.builds(
    messages.Raised,
    id=integers,
    types=st.lists(texts | st.sampled_from(["ValueError", "TypeError", "SystemExit", "ByHand"]), max_size=3),
    message=texts,
    stub=st.none() | texts | st.just("q.forward"),
    file=st.none() | texts | st.just("flow.py"),
    line=st.none() | integers | st.integers(0, 20_000),
    source=st.none() | texts,
    stage=texts,
)
others = raised | st.builds(messages.Unusable, integers, texts) | st.builds(messages.Absent, integers, texts)


@st.composite
def replies(draw: st.DrawFn) -> tuple[Any, bytes]:
    """A reply as plain data, and its buffers: what our own worker could have sent."""
    if draw(st.integers(0, 4)):
        node, buffers = packed(draw(values))
        return answer(node, draw(integers)), buffers
    return msgspec.to_builtins(draw(others)), b""


# -- and what no worker of ours sends

RAW = tuple(
    msgspec.Raw(each)
    for each in (
        b"\xc1",  # never used
        b"\xa2\xff\xfe",  # a text that is not UTF-8
        b"\xa3\xed\xa0\x80",  # half a character
        b"\xa2\xc0\x80",  # an overlong NUL
        b"\xa4\xf4\x90\x80\x80",  # past the last character
        b"\xc4\x01a",  # bytes
        b"\xc7\x00\x05",  # an extension
        b"\xd4\x05a",
        b"\xd6\xff\x00\x00\x00\x00",  # a time
        b"\xd7\xff" + bytes(8),
        b"\xc7\x0c\xff" + bytes(12),
        b"\xcf" + b"\xff" * 8,  # 2**64 - 1
        b"\xd3\x80" + bytes(7),  # -2**63
        b"\xca\x7f\xc0\x00\x01",  # NaN with a payload, in four bytes
        b"\xcb\xff\xf8" + bytes(5) + b"\x07",
        b"\xdd\xff\xff\xff\xff",  # a list of four billion
        b"\xdf\xff\xff\xff\xff",
        b"\xdb\xff\xff\xff\xff",
        b"\xdc\x00\x02\xa1l\x90",  # a list, written longer than need be
        b"\x82\xa1a\x01\xa1a\x02",  # a map that names something twice
        b"\x81\xcb\x7f\xf8" + bytes(6) + b"\x00",  # a map with NaN for a key
        b"\x93\xa1d\x92\xcb\x7f\xf8" + bytes(6) + b"\xcb\x7f\xf8" + bytes(6) + b"\x92\x01\x02",
        b"\x92\xa1l\x91" * 40 + b"\x00",
        b"\x92\xa1l\x91" * 2000 + b"\x00",
        b"\x91" * 100_000 + b"\x00",
    )
)
NODES = (
    ["l", []],
    ["t", [["t", []]]],
    ["s", [1, True]],
    ["s", [0.0, -0.0]],
    ["s", [1, 1.0]],
    ["s", [["l", []]]],
    ["s", [["t", [["l", []]]]]],
    ["d", [1, True], [2, 3]],
    ["d", [float("nan"), float("nan")], [1, 2]],
    ["d", [1], []],
    ["d", [["a", "bool", [0]]], [1]],
    ["r", "R", ["__class__"], [1]],
    ["r", "R", ["a\x00b"], [1]],
    ["r", "R", [""], [1]],
    ["r", "R", ["x", "x"], [1, 2]],
    ["r", "\x00" * 1000, ["x"], [1]],
    ["r", "R", ["x"], []],
    ["a", "float32", [2**62, 4]],
    ["a", "float32", [0] * 31 + [2**62]],
    ["a", "float32", [2**62, 2**62, 0]],
    ["a", "uint8", [0] * 33],
    ["a", "uint8", [-1]],
    ["a", "uint8", [-1, -1]],
    ["a", "uint8", [1, -1]],
    ["a", "uint8", [2**64 - 1]],
    ["a", "object", [1]],
    ["a", ">f8", [1]],
    ["a", "float32\x00", [0]],
    ["a", "V1000000000", [1]],
    ["a", "float16", []],
    ["n", "int64", 2**62],
    ["n", "int64", -1],
    ["n", "uint8", 1],
    ["q", []],
    ["l"],
    ["l", [], []],
    [],
    [1, []],
    {},
    {"type": "answer"},
    2**64 - 1,
)


def _places(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Every place of a tree: what holds it, and the key or index there."""
    steps = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for step, inner in list(steps):
        yield tree, step
        yield from _places(inner)


def copied(tree: Any) -> Any:
    """A copy of plain data."""
    if isinstance(tree, dict):
        return {key: copied(inner) for key, inner in tree.items()}
    return [copied(inner) for inner in tree] if isinstance(tree, list) else tree


NUMBERS = (0, -1, 1, 2**31, 2**32, 2**62, 2**63 - 1, 2**64 - 1, 0.5, float("nan"))
SLIPS = (-1, 1, 8, 2**20, -(2**20), -(2**31), 2**31)


def changed(tree: Any, choose: Callable[[Sequence[Any]], Any]) -> None:
    """Replace, double or leave out one node of a header."""
    places = list(_places(tree))
    if not places:
        return
    holder, step = choose(places)
    change = choose(("node", "raw", "number", "text", "leave out", "double"))
    if change in ("node", "raw", "number", "text"):
        pool = {"node": NODES, "raw": RAW, "number": NUMBERS, "text": TEXTS}[change]
        holder[step] = copied(choose(pool))
    elif change == "leave out" or isinstance(holder, dict):
        del holder[step]
    else:
        holder.insert(step, copied(holder[step]))


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A valid frame with nodes replaced, doubled or left out, buffers cut or longer, and sizes that lie."""
    tree, buffers = draw(replies())
    tree = copied(tree)
    for _ in range(draw(st.integers(0, 3))):
        changed(tree, lambda pool: draw(st.sampled_from(pool)))
    header = msgspec.msgpack.encode(tree)
    buffers = buffers[: draw(st.integers(0, len(buffers)))] if draw(st.booleans()) else buffers
    buffers += draw(st.binary(max_size=9)) if draw(st.booleans()) else b""
    sizes = [len(header), len(buffers)]
    if not draw(st.integers(0, 3)):
        sizes[draw(st.integers(0, 1))] += draw(st.sampled_from(SLIPS))
    data = struct.pack("<IQ", sizes[0] % 2**32, sizes[1] % 2**64) + header + buffers
    return data[: draw(st.integers(0, len(data)))] if not draw(st.integers(0, 5)) else data

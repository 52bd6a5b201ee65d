"""Plain values cross as they are, and whatever does not fit is refused on both sides."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from grader.subject import Decoder
from grader.values import Record
from grader.worker import codec, messages, wire
from grader.worker.codec import Encoder, RawArray, RecordFields, Unfit
from grader.worker.wire import WireError

decode_reply = wire.decoder(messages.Reply)


def frame(value: Any) -> tuple[bytes, bytes]:
    """A value's header and buffers."""
    encoder = Encoder()
    header = msgspec.msgpack.encode(messages.Answer(1, encoder.node(value)))
    return header, b"".join(bytes(buffer) for buffer in encoder.buffers)


def decoded(header: bytes, buffer: bytes) -> Any:
    """The value of a frame."""
    decoder = Decoder(buffer)
    value = decoder.value(decode_reply(header).value)
    decoder.finish()
    return value


def crossed(value: Any) -> Any:
    """What arrives of a value."""
    return decoded(*frame(value))


def crafted(node: Any, buffer: bytes = b"") -> Any:
    """What a worker's own node makes of itself in the judge."""
    return decoded(msgspec.msgpack.encode({"type": "answer", "id": 1, "value": node}), buffer)


def same(got: Any, want: Any) -> bool:
    """Equal, of the same types throughout, and NaN where NaN is."""
    if type(got) is not type(want):
        return False
    if isinstance(want, list | tuple):
        return len(got) == len(want) and all(map(same, got, want))
    if isinstance(want, dict):
        return list(map(repr, got)) == list(map(repr, want)) and all(map(same, got.values(), want.values()))
    if isinstance(want, float):
        return got == want or (math.isnan(got) and math.isnan(want))
    if isinstance(want, np.ndarray):
        return got.dtype == want.dtype and np.array_equal(got, want, equal_nan=want.dtype.kind == "f")
    return bool(got == want)


# -- what crosses

keys = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=5)
scalars = keys | st.floats()
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(keys, inner, max_size=4)
        | st.sets(keys, max_size=4)
    ),
    max_leaves=12,
)


@given(values)
@settings(deadline=None)
def test_nested_plain_values_cross(value: Any) -> None:
    assert same(crossed(value), value)


@given(
    arrays.arrays(
        dtype=st.sampled_from([np.dtype(name) for name in codec.DTYPES]),
        shape=arrays.array_shapes(min_dims=0, min_side=0, max_side=4),
    )
)
@settings(deadline=None)
def test_arrays_cross(value: np.ndarray[Any, Any]) -> None:
    assert same(crossed(value), np.asarray(value))


@pytest.mark.parametrize("dtype", codec.DTYPES)
@pytest.mark.parametrize("shape", [(), (0,), (1,), (3, 0, 2), (2, 3, 4), (2**40, 0)])
def test_every_dtype_and_kind_of_shape_crosses(dtype: str, shape: tuple[int, ...]) -> None:
    value = np.ones(shape, dtype=dtype)
    assert same(crossed(value), value)


@pytest.mark.parametrize(
    "view",
    [
        np.arange(24.0).reshape(4, 6).T,
        np.arange(24.0)[::-2],
        np.asfortranarray(np.arange(6).reshape(2, 3)),
        np.broadcast_to(np.float32(2), (3, 4)),
        np.arange(24, dtype=np.int16).reshape(2, 3, 4)[:, 1, ::2],
    ],
    ids=["transposed", "reversed", "fortran", "broadcast", "strided"],
)
def test_an_array_that_is_not_contiguous_crosses_with_its_values_in_place(view: np.ndarray[Any, Any]) -> None:
    assert same(crossed(view), np.ascontiguousarray(view))


@pytest.mark.parametrize("dtype", [">f2", ">f4", ">f8", ">i2", ">i8", "<f4"])
def test_an_array_in_the_other_byte_order_keeps_its_values(dtype: str) -> None:
    value = np.array([1, 2, 300], dtype=dtype)
    got = crossed(value)
    assert got.dtype.isnative
    assert got.tolist() == [1, 2, 300]


def test_what_arrives_is_the_judges_own_to_write_to() -> None:
    got = crossed([np.zeros(3), np.zeros(2, dtype=bool)])
    for array in got:
        assert array.flags.writeable
        assert array.flags.aligned
    got[0][0] = 1


def test_arrays_behind_an_odd_number_of_bytes_are_aligned_and_right() -> None:
    got = crossed([np.ones(3, dtype=np.int8), np.arange(4.0)])
    assert got[1].tolist() == [0, 1, 2, 3]
    assert got[1].flags.aligned


def test_bfloat16_arrives_as_the_float32_that_it_is() -> None:
    numbers = np.array([1.0, -2.5, math.inf, 2.0**-130], dtype=np.float32)
    half = (numbers.view(np.uint32) >> 16).astype(np.uint16)
    got = crossed(RawArray("bfloat16", (2, 2), memoryview(half).cast("B")))
    assert got.dtype == np.float32
    assert got.tolist() == numbers.reshape(2, 2).tolist()


def test_tuples_and_lists_stay_apart() -> None:
    assert same(crossed([(1, [2]), [(3,)]]), [(1, [2]), [(3,)]])


def test_bools_ints_and_floats_stay_apart() -> None:
    got = crossed([True, 1, 1.0, -0.0])
    assert [type(item) for item in got] == [bool, int, float, float]
    assert math.copysign(1, got[3]) == -1


def test_a_record_arrives_with_its_fields_and_nothing_to_run() -> None:
    got = crossed(RecordFields("Point", {"x": 1.5, "pair": (1, np.zeros(2))}))
    assert isinstance(got, Record)
    assert (got.name, got.x, got.pair[0]) == ("Point", 1.5, 1)


# -- long lists


@pytest.mark.parametrize("value", [list(range(1001)), [0.5] * 1001, [-(2**63)] * 2000])
def test_a_long_list_of_numbers_of_one_kind_travels_as_a_buffer(value: list[Any]) -> None:
    header, buffer = frame(value)
    assert len(header) < 100
    assert len(buffer) == 8 * len(value)
    assert same(decoded(header, buffer), value)


@pytest.mark.parametrize(
    "value", [[0.5] * 1000, [1, 2.0] * 600, [True] * 1001, ["a"] * 1001, [None] * 1001, [[1.0]] * 1001]
)
def test_any_other_list_travels_in_the_header_and_arrives_the_same(value: list[Any]) -> None:
    header, buffer = frame(value)
    assert buffer == b""
    assert same(decoded(header, buffer), value)


def test_nan_and_infinity_survive_a_long_list() -> None:
    assert same(crossed([math.nan, math.inf, -math.inf] * 400), [math.nan, math.inf, -math.inf] * 400)


# -- what is refused before it is sent


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (2**63, "more than 64 bits"),
        (-(2**63) - 1, "more than 64 bits"),
        ([2**63] * 1001, "more than 64 bits"),
        (1j, "type complex"),
        (b"bytes", "type bytes"),
        (object(), "type object"),
        (np.float64(1.0), "type float64"),
        (Record("Point", {}), "type Record"),
        (np.array([1j]), "dtype complex128"),
        (np.array(["a"]), "dtype str"),
        (np.array([object()]), "dtype object"),
        (np.zeros(2, dtype=[("a", "f4")]), "dtype void"),
        (np.array(["2020"], dtype="datetime64[Y]"), "dtype datetime64"),
        (np.zeros(2, dtype=np.longdouble), "dtype longdouble|dtype float128"),
        (nested(codec.DEPTH_LIMIT + 1), "nested more than"),
    ],
)
def test_a_value_without_a_plain_form_is_refused_by_kind(value: Any, words: str) -> None:
    with pytest.raises(Unfit, match=words):
        Encoder().node(value)


def test_nesting_is_allowed_to_its_limit_on_both_sides() -> None:
    assert same(crossed(nested(codec.DEPTH_LIMIT)), nested(codec.DEPTH_LIMIT))


# -- what is refused when it arrives


def deep(tag: str, depth: int) -> Any:
    node: Any = 1
    for _ in range(depth):
        node = {
            "l": ["l", [node]],
            "t": ["t", [node]],
            "d": ["d", [1], [node]],
            "r": ["r", "R", ["x"], [node]],
        }[tag]
    return node


@pytest.mark.parametrize("tag", ["l", "t", "d", "r"])
def test_an_answer_deeper_than_any_worker_of_ours_sends_is_refused(tag: str) -> None:
    """What compares and describes it later recurses too, and must not be brought down by it."""
    crafted(deep(tag, codec.DEPTH_LIMIT))
    with pytest.raises(WireError, match="nested more than"):
        crafted(deep(tag, codec.DEPTH_LIMIT + 2))


@pytest.mark.parametrize(
    ("node", "buffer"),
    [
        (["a", "complex64", [1]], bytes(8)),
        (["a", "object", [1]], bytes(8)),
        (["a", ">f4", [1]], bytes(4)),
        (["a", "float32", [2]], bytes(7)),
        (["a", "float32", [2]], bytes(9)),
        (["a", "float32", []], b""),
        (["a", "float32", [-1, -1]], bytes(4)),
        (["a", "float32", [-1]], b""),
        (["a", "float32", [2**62, 2**62]], bytes(4)),
        (["a", "float32", [2**63, 0]], b""),
        (["a", "uint8", [1] * 33], bytes(1)),
        (["a", "uint8", [0, 2**48 + 1]], b""),
        (["a", "uint8", [2**25, 0, 2**24]], b""),
        (["n", "float64", 3], bytes(16)),
        (["n", "float64", -1], b""),
        (["n", "float64", 2**62], bytes(16)),
        (["l", [["a", "int8", [4]], ["a", "int8", [5]]]], bytes(8)),
        (1, b"x"),
    ],
)
def test_sizes_that_do_not_add_up_are_refused(node: Any, buffer: bytes) -> None:
    with pytest.raises(WireError):
        crafted(node, buffer)


def test_two_arrays_never_share_bytes() -> None:
    first, second = crafted(["l", [["a", "int8", [4]], ["a", "int8", [4]]]], bytes(range(8)))
    first[:] = 9
    assert second.tolist() == [4, 5, 6, 7]


def test_a_boolean_that_is_two_is_refused() -> None:
    assert crafted(["a", "bool", [2]], b"\x00\x01").tolist() == [False, True]
    with pytest.raises(WireError, match="neither true nor false"):
        crafted(["a", "bool", [2]], b"\x01\x02")


@pytest.mark.parametrize("key", [["l", []], ["a", "int8", [0]], ["d", [], []], ["s", []], ["r", "R", [], []]])
def test_a_key_that_cannot_be_hashed_is_refused(key: Any) -> None:
    with pytest.raises(WireError, match="TypeError"):
        crafted(["d", [key], [1]])
    with pytest.raises(WireError, match="TypeError"):
        crafted(["s", [key]])


@pytest.mark.parametrize("node", [["d", [1], []], ["d", [], [1]], ["r", "R", ["x"], []]])
def test_as_many_values_as_keys(node: Any) -> None:
    with pytest.raises(WireError, match="ValueError"):
        crafted(node)


@pytest.mark.parametrize(
    "node", [["d", [1, True], [2, 3]], ["s", ["a", "a"]], ["r", "R", ["x", "x"], [1, 2]]]
)
def test_nothing_is_named_twice(node: Any) -> None:
    with pytest.raises(WireError, match="twice"):
        crafted(node)


@pytest.mark.parametrize(
    "name",
    ["__array_interface__", "__array__", "__class__", "__len__", "not a name", "", "a.b", "\x1b[31m"],
)
def test_a_record_answers_to_no_name_that_python_or_numpy_asks_for(name: str) -> None:
    """numpy reads memory at the address that an __array_interface__ gives it."""
    with pytest.raises(WireError, match="field name"):
        crafted(["r", "R", [name], [1]])


def test_a_record_is_no_array() -> None:
    record = crafted(["r", "R", ["data", "_private", "shape"], [1, 2, ["t", [3]]]])
    assert np.asarray(record).dtype == object


# -- the same bytes for the same value


def test_a_set_gives_the_same_bytes_in_every_order() -> None:
    names = [f"name{n}" for n in range(50)]
    grown = set()
    for name in [*names, *(f"removed{n}" for n in range(500))][::-1]:
        grown.add(name)
    grown -= {name for name in grown if name.startswith("removed")}
    assert list(grown) != list(set(names))
    assert frame(set(names)) == frame(grown) == frame(frozenset(names))


def test_a_dict_keeps_the_order_in_which_it_was_built() -> None:
    assert list(crossed({"b": 1, "a": 2})) == ["b", "a"]

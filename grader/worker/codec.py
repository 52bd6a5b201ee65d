"""Plain values to frame headers and buffers, and back.

Scalars stand for themselves; containers and arrays are tagged structs, so tuples stay tuples and sets stay
sets. Only the listed dtypes cross. ``bfloat16``, which NumPy lacks, arrives as float32 (every bfloat16 is a
float32).
"""

from __future__ import annotations

import math
import operator
from typing import Any, ClassVar, Literal

import msgspec
import numpy as np

from grader.worker.wire import WireError

DTYPES = ("bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64")
ITEM_SIZE = {name: np.dtype(name).itemsize for name in DTYPES} | {"bfloat16": 2}
DEPTH_LIMIT = 32
LONG_LIST = 1000  # a longer list of numbers travels as a buffer
MAX_DIMENSIONS = 32
# The sides of an empty array cost nothing. Past some 2**60, NumPy cannot make it float64, as comparing does.
LARGEST_EXTENT = 2**48
COLLISIONS = 1000  # keys of one dict or set that may share a hash


class _Node(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    pass


class List(_Node, tag="l"):
    items: list[Node]


class Tuple(_Node, tag="t"):
    items: list[Node]


class Set(_Node, tag="s"):
    items: list[Node]


class Dict(_Node, tag="d"):
    keys: list[Node]
    values: list[Node]


class Fields(_Node, tag="r"):
    """A dataclass instance: class name and fields."""

    name: str
    keys: list[str]
    values: list[Node]


class Array(_Node, tag="a"):
    dtype: str
    shape: list[int]


class Numbers(_Node, tag="n"):
    """A long list of ints or of floats, as a buffer."""

    dtype: Literal["int64", "float64"]  # a list of bytes would become 64 times its size in the judge
    length: int


Node = None | bool | int | float | str | List | Tuple | Set | Dict | Fields | Array | Numbers


PLAIN = frozenset({type(None), bool, int, float, str})


class Unfit(Exception):
    """A value that has no plain form; the text says which and why."""


class RawArray:
    """An array's bytes under a dtype that NumPy need not know."""

    __slots__ = ("buffer", "dtype", "shape")

    def __init__(self, dtype: str, shape: tuple[int, ...], buffer: memoryview) -> None:
        self.dtype = dtype
        self.shape = shape
        self.buffer = buffer


class RecordFields:
    """A dataclass instance on its way: what the encoder takes and, unless told otherwise, the decoder
    gives."""

    __slots__ = ("fields", "name")

    def __init__(self, name: str, fields: dict[str, Any]) -> None:
        self.name = name
        self.fields = fields


class Encoder:
    """Collects the buffers of one frame while its values are turned into nodes."""

    def __init__(self) -> None:
        self.buffers: list[memoryview] = []

    def node(self, value: Any, depth: int = 0) -> Any:
        """:raises Unfit: the value has no plain form."""
        if depth > DEPTH_LIMIT:
            raise Unfit(f"something nested more than {DEPTH_LIMIT} levels deep")
        kind = type(value)
        if value is None or kind in (bool, float, str):
            return value
        if kind is int:
            if not -(2**63) <= value < 2**63:
                raise Unfit("an integer of more than 64 bits")
            return value
        if kind is list:
            return self._list(value, depth)
        if kind is tuple:
            return Tuple([self.node(item, depth + 1) for item in value])
        if kind in (set, frozenset):
            # Sorted, so that the same set gives the same bytes in every process.
            return Set([self.node(item, depth + 1) for item in sorted(value, key=repr)])
        if kind is dict:
            keys = [self.node(key, depth + 1) for key in value]
            return Dict(keys, [self.node(item, depth + 1) for item in value.values()])
        if isinstance(value, np.ndarray):
            return self._array(value)
        if kind is RawArray:
            self.buffers.append(value.buffer)
            return Array(value.dtype, list(value.shape))
        if kind is RecordFields:
            items = [self.node(item, depth + 1) for item in value.fields.values()]
            return Fields(value.name, list(value.fields), items)
        raise Unfit(f"an object of type {kind.__name__}")

    def _list(self, value: list[Any], depth: int) -> Any:
        if len(value) > LONG_LIST:
            kinds: tuple[tuple[type, Literal["int64", "float64"]], ...] = ((float, "float64"), (int, "int64"))
            for kind, dtype in kinds:
                if all(type(item) is kind for item in value):
                    try:
                        numbers = np.array(value, dtype=dtype)
                    except OverflowError:
                        raise Unfit("an integer of more than 64 bits") from None
                    self.buffers.append(_bytes_of(numbers))
                    return Numbers(dtype, len(value))
        return List([self.node(item, depth + 1) for item in value])

    def _array(self, value: np.ndarray[Any, Any]) -> Array:
        if value.dtype.name not in DTYPES:
            raise Unfit(f"an array of dtype {value.dtype.name}")
        # In this machine's byte order: the name of a dtype does not tell the other one apart.
        dense = np.ascontiguousarray(value, dtype=value.dtype.newbyteorder("="))
        if dense.size:
            self.buffers.append(_bytes_of(dense))
        return Array(value.dtype.name, list(value.shape))


def _bytes_of(dense: np.ndarray[Any, Any]) -> memoryview:
    return dense.data.cast("B")


def distinct(container: Any, names: list[Any]) -> Any:
    """The container, unless two of the names that it was made from are one.

    :raises WireError: no dict and no set has the same key twice.
    """
    if len(container) != len(names):
        raise WireError("a dict, set or record that names something twice")
    return container


def scattered(keys: list[Any]) -> list[Any]:
    """The keys, unless a dict or set of them would take time that grows with their square.

    The hash of a number, and of a tuple of numbers, is the same in every process: a header has room for
    12,000 tuples that share one.

    :raises WireError: more keys share a hash than ever do by chance.
    """
    if len(keys) > COLLISIONS:
        hashes = sorted(map(hash, keys))
        if any(map(operator.eq, hashes, hashes[COLLISIONS:])):
            raise WireError("keys of a dict or set that are made to share a hash")
    return keys


class Decoder:
    """Turns the nodes of one frame into values, taking each array's bytes from the buffer in turn."""

    record: ClassVar[Any] = RecordFields

    def __init__(self, buffer: bytearray | memoryview) -> None:
        self.buffer = memoryview(buffer)
        self.used = 0

    def value(self, node: Any) -> Any:
        """:raises WireError: sizes that do not match, unknown dtypes, unhashable keys."""
        try:
            return self._value(node)
        except (TypeError, ValueError, OverflowError, MemoryError, RecursionError) as error:
            raise WireError(f"inconsistent answer: {type(error).__name__}") from None

    def finish(self) -> None:
        """:raises WireError: bytes that no array of the header accounts for."""
        if self.used != len(self.buffer):
            raise WireError(f"{len(self.buffer) - self.used} bytes of the frame belong to no array")

    def _value(self, node: Any, depth: int = 0) -> Any:
        kind = type(node)
        if kind in PLAIN:
            return node
        if depth > DEPTH_LIMIT:  # what is compared and described later must not be too deep for that either
            raise WireError(f"an answer nested more than {DEPTH_LIMIT} levels deep")
        if kind is Array:
            return self._array(node.dtype, tuple(node.shape))
        if kind is Numbers:
            return self._array(node.dtype, (node.length,)).tolist()
        if kind is List:
            return self._values(node.items, depth)
        if kind is Tuple:
            return tuple(self._values(node.items, depth))
        if kind is Set:
            return distinct(set(scattered(self._values(node.items, depth))), node.items)
        if kind is Dict:
            keys = scattered(self._values(node.keys, depth))
            return distinct(dict(zip(keys, self._values(node.values, depth), strict=True)), keys)
        # Whoever inspects a record asks for names with underscores on both sides: numpy would take what
        # stands under __array_interface__ for the address of an array.
        if not all(name.isidentifier() and not name.startswith("__") for name in node.keys):
            raise WireError("a field name that no dataclass has")
        fields = dict(zip(node.keys, self._values(node.values, depth), strict=True))
        return type(self).record(node.name, distinct(fields, node.keys))

    def _values(self, nodes: list[Any], depth: int) -> list[Any]:
        return [self._value(node, depth + 1) for node in nodes]

    def _array(self, dtype: str, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
        if dtype not in ITEM_SIZE:
            raise WireError("an array of a dtype that does not cross")
        if len(shape) > MAX_DIMENSIONS or any(size < 0 for size in shape):
            raise WireError("an array of an impossible shape")
        if math.prod(filter(None, shape)) > LARGEST_EXTENT:
            raise WireError("an array of an impossible shape")
        size = math.prod(shape) * ITEM_SIZE[dtype]
        if size > len(self.buffer) - self.used:
            raise WireError("an array larger than the bytes that came with it")
        raw = self.buffer[self.used : self.used + size]
        self.used += size
        if dtype == "bfloat16":
            wide = np.frombuffer(raw, dtype=np.uint16).astype(np.uint32) << 16
            return wide.view(np.float32).reshape(shape)
        if dtype == "bool":
            flags = np.frombuffer(raw, dtype=np.uint8)
            if flags.size and flags.max() > 1:
                raise WireError("a boolean that is neither true nor false")
            return flags.astype(np.bool_).reshape(shape)
        return np.frombuffer(raw, dtype=dtype).reshape(shape).copy()

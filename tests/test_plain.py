"""What a student's code may return: what has a plain form gets it, everything else is named and refused."""

from __future__ import annotations

import collections
import dataclasses
import enum
import fractions
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from grader.subject import Decoder
from grader.worker import codec, messages, wire
from grader.worker.codec import RecordFields, Unfit
from grader.worker.plain import to_objects, to_plain


def returned(value: Any) -> Any:
    """What the judge gets of a returned value."""
    encoder = codec.Encoder()
    header = msgspec.msgpack.encode(messages.Answer(1, encoder.node(to_plain(value))))
    decoder = Decoder(bytearray(b"".join(bytes(buffer) for buffer in encoder.buffers)))
    got = decoder.value(wire.decoder(messages.Reply)(header).value)
    decoder.finish()
    return got


# -- tensors


class Loud(torch.Tensor):
    """A subclass that has its say in every operation."""

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        with torch._C.DisableTorchFunctionSubclass():
            return func(*args, **(kwargs or {}))


BASE = torch.arange(6.0).reshape(2, 3)

TENSORS = {
    "plain": BASE,
    "requires_grad": BASE.clone().requires_grad_(),
    "of_a_graph": BASE.clone().requires_grad_() * 1.0,
    "not_contiguous": torch.arange(0.0, 6.0, 0.5).reshape(2, 6)[:, ::2],
    "transposed": BASE.T.contiguous().T,
    "expanded_negative": torch._neg_view(-BASE),
    "parameter": torch.nn.Parameter(BASE.clone()),
    "subclass": BASE.clone().as_subclass(Loud),
    "inference": torch.inference_mode()(lambda: BASE + 0)(),
}


@pytest.mark.parametrize("name", TENSORS)
def test_a_tensor_arrives_as_its_values(name: str) -> None:
    got = returned(TENSORS[name])
    assert got.dtype == np.float32
    assert got.tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize("dtype", codec.ITEM_SIZE)
@pytest.mark.parametrize("shape", [(), (0,), (2, 0), (3,), (2, 2)])
def test_every_dtype_of_torch_that_crosses(dtype: str, shape: tuple[int, ...]) -> None:
    got = returned(torch.ones(shape, dtype=getattr(torch, dtype)))
    assert got.dtype.name == ("float32" if dtype == "bfloat16" else dtype)
    assert got.shape == shape
    assert (got == 1).all()


def test_bfloat16_keeps_its_values_also_when_it_is_not_contiguous() -> None:
    value = torch.tensor([[1.5, -2.0], [3.0, 0.125]], dtype=torch.bfloat16)
    assert returned(value.T).tolist() == [[1.5, 3.0], [-2.0, 0.125]]


def fake() -> torch.Tensor:
    with FakeTensorMode():
        return torch.ones(2)


def batched() -> Any:
    """A tensor as it is inside vmap, kept."""
    kept = []
    torch.func.vmap(lambda x: kept.append(x) or x)(torch.ones(2, 2))
    return kept[0]


UNFIT_TENSORS = {
    "complex": (lambda: torch.ones(2, dtype=torch.complex64), "dtype complex64"),
    "float8": (lambda: torch.ones(2).to(torch.float8_e4m3fn), "dtype float8_e4m3fn"),
    "quantized": (lambda: torch.quantize_per_tensor(torch.ones(2), 1.0, 0, torch.quint8), "dtype quint8"),
    "sparse": (lambda: torch.eye(2).to_sparse(), "without plain values"),
    "csr": (lambda: torch.eye(2).to_sparse_csr(), "without plain values"),
    "meta": (lambda: torch.ones(2, device="meta"), "without plain values"),
    "nested": (lambda: torch.nested.nested_tensor([torch.ones(1), torch.ones(2)]), "cannot be had"),
    "batched": (batched, "cannot be had"),
    "fake": (fake, "cannot be had|without plain values"),
    "too_large_to_copy": (lambda: torch.zeros(1).expand(2**50), "cannot be had"),
}


@pytest.mark.parametrize("name", UNFIT_TENSORS)
@pytest.mark.filterwarnings("ignore")
def test_a_tensor_without_plain_values_is_refused(name: str) -> None:
    make, words = UNFIT_TENSORS[name]
    with pytest.raises(Unfit, match=words):
        to_plain(make())


# -- numbers, texts, containers


class Colour(enum.Enum):
    RED = "red"
    PAIR = (1, 2)


class Level(enum.IntEnum):
    LOW = 1


class Text(str):
    __slots__ = ()


class Number(int):
    pass


class Point(NamedTuple):
    x: float
    y: Any


@dataclasses.dataclass
class Report:
    loss: float
    steps: list[int]
    best: Point | None = None


@pytest.mark.parametrize(
    ("value", "want"),
    [
        (np.float64(1.5), 1.5),
        (np.float32(1.5), 1.5),
        (np.longdouble(1.5), 1.5),
        (np.int64(3), 3),
        (np.uint8(3), 3),
        (np.bool_(True), True),
        (np.str_("a"), "a"),
        (Colour.RED, "red"),
        (Colour.PAIR, (1, 2)),
        (Level.LOW, 1),
        (Text("a"), "a"),
        (Number(3), 3),
        (True, True),
        (Point(1.0, [np.float32(2)]), (1.0, [2.0])),
        (collections.OrderedDict(a=1), {"a": 1}),
        (collections.Counter("aab"), {"a": 2, "b": 1}),
        (collections.defaultdict(list, {1: [2]}), {1: [2]}),
        ({Colour.RED: 1, (1, Level.LOW): 2}, {"red": 1, (1, 1): 2}),
        (frozenset({Colour.RED, Text("b")}), {"red", "b"}),
        ([None, {"x": (np.int32(1),)}], [None, {"x": (1,)}]),
    ],
)
def test_what_stands_for_a_plain_value_becomes_one(value: Any, want: Any) -> None:
    got = returned(value)
    assert got == want
    assert type(got) is type(want)


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_numpy_arrays_cross_as_they_are() -> None:
    assert returned(np.arange(3, dtype=">i4")).tolist() == [0, 1, 2]
    assert returned(np.ma.masked_array([1.0, 2.0], [True, False])).tolist() == [1, 2]
    assert returned(np.matrix([[1, 2]])).shape == (1, 2)


def test_a_dataclass_becomes_a_record() -> None:
    got = returned(Report(1.5, [1, 2], Point(1.0, torch.ones(1))))
    assert (got.name, got.loss, got.steps) == ("Report", 1.5, [1, 2])
    assert got.best[1].tolist() == [1]


def test_the_tensors_of_a_nested_answer_come_back_in_their_places() -> None:
    got = returned({"a": torch.zeros(2), "b": (torch.ones(3), [torch.full((1,), 2.0)])})
    assert [got["a"].tolist(), got["b"][0].tolist(), got["b"][1][0].tolist()] == [[0, 0], [1, 1, 1], [2]]


def itself() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


def itself_in_a_dict() -> dict[str, Any]:
    value: dict[str, Any] = {}
    value["self"] = value
    return value


@dataclasses.dataclass
class Chain:
    following: Any = None


def itself_in_a_record() -> Chain:
    value = Chain()
    value.following = value
    return value


@dataclasses.dataclass(frozen=True)
class Frozen:
    x: int


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (itself(), "nested more than"),
        (itself_in_a_dict(), "nested more than"),
        (itself_in_a_record(), "nested more than"),
        (1j, "type complex"),
        (np.complex64(1), "type complex64"),
        (b"bytes", "type bytes"),
        (fractions.Fraction(1, 2), "type Fraction"),
        (np.datetime64("2020"), "type datetime64"),
        (lambda: 1, "type function"),
        (iter([1]), "type list_iterator"),
        (range(3), "type range"),
        (Report, "type type"),
        (torch.nn.Linear(1, 1), "type Linear"),
        ({torch.ones(1)}, "a set of something else"),
        ({frozenset({1})}, "a set of something else"),
        ({Frozen(1): 1}, "keys of something else"),
        ({torch.ones(1): 1}, "keys of something else"),
        ({Colour.RED: 1, "red": 2}, "the same as plain data"),
        ({Colour.RED, "red"}, "the same as plain data"),
    ],
)
def test_a_value_without_a_plain_form_is_refused_by_kind(value: Any, words: str) -> None:
    with pytest.raises(Unfit, match=words):
        to_plain(value)


# -- objects that lie: the worst that they reach is an exception of their own, or their own plain values


class SaysTensor:
    __class__ = torch.Tensor  # type: ignore[assignment]


class SaysList:
    __class__ = list  # type: ignore[assignment]


class ListWithOtherItems(list[Any]):
    def __iter__(self) -> Any:
        raise ValueError("mine")


class TextThatSaysMore(str):
    __slots__ = ()

    def __str__(self) -> str:
        return TextThatSaysMore("more")


class NumberThatSaysMore(int):
    def __int__(self) -> int:
        return 2**70


@pytest.mark.parametrize(
    ("value", "error"),
    [(SaysTensor(), AttributeError), (SaysList(), TypeError), (ListWithOtherItems([1]), ValueError)],
)
def test_an_object_that_lies_about_itself_raises_on_its_own_side(value: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        to_plain(value)


@pytest.mark.parametrize("value", [TextThatSaysMore("x"), NumberThatSaysMore(1)])
def test_a_subclass_that_makes_more_of_itself_is_refused(value: Any) -> None:
    with pytest.raises(Unfit):
        codec.Encoder().node(to_plain(value))


# -- the other direction


def test_arrays_become_tensors_wherever_they_stand() -> None:
    got = to_objects({"a": [np.zeros(2)], "b": (np.ones(1, dtype=np.int64), "x")})
    assert got["a"][0].dtype == torch.float64
    assert got["b"][0].dtype == torch.int64
    assert got["b"][1] == "x"


def test_a_set_of_arguments_stays_one() -> None:
    assert to_objects({1, 2}) == {1, 2}


def test_a_record_that_comes_along_is_left_alone() -> None:
    record = RecordFields("Point", {})
    assert to_objects(record) is record

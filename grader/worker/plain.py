"""What a student's code returns, made plain: tensors to bytes, dataclasses to fields, NumPy scalars to
numbers."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterable
from typing import Any

import numpy as np
import torch

from grader.worker.codec import DEPTH_LIMIT, ITEM_SIZE, PLAIN, RawArray, RecordFields, Unfit


def _tensor(value: torch.Tensor) -> Any:
    dtype = str(value.dtype).removeprefix("torch.")
    if dtype not in ITEM_SIZE:
        raise Unfit(f"a tensor of dtype {dtype}")
    if value.device.type == "meta" or value.layout is not torch.strided:
        raise Unfit(f"a tensor without plain values ({value.device.type}, {value.layout})")
    try:
        dense = value.detach().cpu().resolve_neg().contiguous()
        if dtype == "bfloat16":
            raw = dense.view(torch.int16).numpy()
            return RawArray(dtype, tuple(dense.shape), raw.data.cast("B") if raw.size else memoryview(b""))
        return dense.numpy()
    except (RuntimeError, TypeError) as error:  # wrapped, or expanded to more than can be copied
        said = f"a tensor of {value.numel() * ITEM_SIZE[dtype] / 2**20:,.0f} MiB whose values cannot be had"
        raise Unfit(f"{said} ({type(error).__name__})") from None


def _keys(keys: Iterable[Any], depth: int, where: str) -> list[Any]:
    """The plain forms of a set's items or a dict's keys: hashable, and as many as there were."""
    plain = [to_plain(key, depth) for key in keys]
    if not all(map(_is_key, plain)):
        raise Unfit(f"{where} of something else than numbers and texts")
    if len(set(plain)) != len(plain):
        raise Unfit(f"{where} of which two are the same as plain data")
    return plain


def _is_key(plain: Any) -> bool:
    if isinstance(plain, tuple):
        return all(map(_is_key, plain))
    return plain is None or isinstance(plain, bool | int | float | str)


def to_plain(value: Any, depth: int = 0) -> Any:
    """The plain form of a value, ready for :class:`grader.worker.codec.Encoder`.

    :raises Unfit: there is none; the text names the type.
    """
    if depth > DEPTH_LIMIT:
        raise Unfit(f"something nested more than {DEPTH_LIMIT} levels deep")
    if type(value) in PLAIN:
        return value
    if isinstance(value, torch.Tensor):
        return _tensor(value)
    if isinstance(value, np.ndarray):
        return np.asarray(value)
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, np.floating):
        return float(value)
    if isinstance(value, enum.Enum):
        return to_plain(value.value, depth + 1)
    if isinstance(value, bool | int | float | str):  # subclasses: only the plain part crosses
        return next(kind(value) for kind in (int, float, str) if isinstance(value, kind))
    if isinstance(value, list):
        if PLAIN.issuperset(map(type, value)):  # by far the fastest for the long ones
            return list(value)
        return [to_plain(item, depth + 1) for item in value]
    if isinstance(value, tuple):
        return tuple(to_plain(item, depth + 1) for item in value)
    if isinstance(value, set | frozenset):
        return set(_keys(value, depth + 1, "a set"))
    if isinstance(value, dict):
        keys = _keys(value, depth + 1, "a dict with keys")
        return dict(zip(keys, [to_plain(item, depth + 1) for item in value.values()], strict=True))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {
            field.name: to_plain(getattr(value, field.name), depth + 1) for field in dataclasses.fields(value)
        }
        return RecordFields(type(value).__name__, fields)
    raise Unfit(f"an object of type {type(value).__name__}")


def to_objects(value: Any) -> Any:
    """What the submitted code gets: every array as a tensor of its own."""
    if isinstance(value, np.ndarray):
        return torch.from_numpy(value)
    if isinstance(value, list):
        return [to_objects(item) for item in value]
    if isinstance(value, tuple):
        return tuple(to_objects(item) for item in value)
    if isinstance(value, dict):
        return {key: to_objects(item) for key, item in value.items()}
    return value

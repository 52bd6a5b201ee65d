"""The plain data that a call takes and returns, as the judge sees it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
# Recursive in truth; mypy gains nothing from spelling it out, and every consumer checks at run time.
Value = Any


@dataclass(frozen=True)
class Record:
    """An instance of a dataclass that crossed the border: its class name and its fields, nothing
    executable."""

    name: str
    fields: dict[str, Value] = field(default_factory=dict)

    def __getattr__(self, key: str) -> Value:
        try:
            return self.__dict__["fields"][key]
        except KeyError:
            raise AttributeError(f"{self.__dict__.get('name', 'Record')} has no field {key!r}") from None


def is_number(value: Value) -> bool:
    """A Python number, a NumPy scalar and a 0-d array are one; bool is not a number."""
    if isinstance(value, bool | np.bool_):
        return False
    if isinstance(value, int | float | np.integer | np.floating):
        return True
    return isinstance(value, np.ndarray) and value.ndim == 0 and value.dtype.kind in "iuf"

"""Records what code does to tensors, in whatever style it is written: operations, or a model's linear layers.

``nn.ReLU()``, ``F.relu`` and ``Tensor.relu`` all arrive here as ``aten.relu``, where hooks on modules would
see only the first. Operations of the backward pass are seen too. For benches only: it runs beside the
subject's code.

    with Recorder() as seen:
        model(x).sum().backward()
    seen.names        # ["aten.addmm", "aten.relu", ..., "aten.threshold_backward", ...]
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

Shape = tuple[int, ...]
# Called after each operation with its name, its positional arguments and its result.
Watch = Callable[[str, tuple[Any, ...], Any], None]


@dataclass(frozen=True)
class Call:
    """One operation as it was performed."""

    name: str  # such as "aten.addmm": no overload suffix, in-place forms end in "_"
    inputs: tuple[Shape, ...]  # shapes of the tensors among its arguments, in order, those in lists too
    outputs: tuple[Shape, ...]  # shapes of the tensors it gave back
    backward: bool  # performed by the autograd engine during a backward pass


class Recorder(TorchDispatchMode):
    """A context that records every tensor operation performed in it, without changing any.

    Views and shape changes are operations (``aten.view``, ``aten.t``). Composite functions arrive as the
    parts that they are made of: ``F.linear`` on a matrix as ``aten.t`` and ``aten.addmm``, or ``aten.mm``
    without a bias.

    :param watch: sees arguments and result themselves, right after each operation and before the next can
        change them in place; what it computes is neither recorded nor differentiated. The tensors share
        their memory with the running program: clone what is to be kept.
    """

    def __init__(self, watch: Watch | None = None) -> None:
        super().__init__()
        self.calls: list[Call] = []
        self._watch = watch

    @property
    def names(self) -> list[str]:
        """The names of the operations in the order in which they were performed, backward passes included."""
        return [call.name for call in self.calls]

    def count(self, *names: str, backward: bool | None = None) -> int:
        """How many operations bear one of these names.

        :param backward: count those of backward passes only (True), or those outside them only (False).
        """
        return sum(call.name in names and backward in (None, call.backward) for call in self.calls)

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        # Shapes are read first: an in-place operation such as ``resize_`` may change its own input's.
        inputs = tuple(shapes((args, tuple(kwargs.values()))))
        result = func(*args, **kwargs)
        name = f"{func.namespace}.{func.overloadpacket.__name__}"
        self.calls.append(Call(name, inputs, tuple(shapes(result)), _in_backward()))
        if self._watch is not None:
            self._watch(name, args, result)
        return result


@dataclass(frozen=True)
class LinearUse:
    """A parameter matrix as one forward pass used it: ``output = input @ matrix``, plus the bias if any."""

    parameter: nn.Parameter
    matrix: Tensor  # (in, out), a view of the parameter: writing to it changes the model
    bias: Tensor | None  # (out,), the parameter's own memory; None too where it is added separately
    input: Tensor  # (N, in), a copy
    output: Tensor  # (N, out), a copy


def linear_uses(model: nn.Module, *inputs: Tensor) -> list[LinearUse]:
    """The products of data and a parameter matrix in one forward pass without gradients, in order of use.

    ``nn.Linear``, ``F.linear``, ``x @ W`` and ``(W @ x.T).T`` look alike; the layers' names and the order
    in which they were registered play no part. The model's mode stays as it is.
    """
    owners = {parameter.untyped_storage().data_ptr(): parameter for parameter in model.parameters()}
    uses: list[LinearUse] = []

    def watch(name: str, arguments: tuple[Any, ...], result: Any) -> None:
        if name not in ("aten.addmm", "aten.mm", "aten.baddbmm", "aten.bmm"):
            return
        left, right = arguments[-2:]
        bias = arguments[0].detach() if name in ("aten.addmm", "aten.baddbmm") else None
        if left.ndim == 3:  # an einsum over two operands arrives as a batch of one product
            if left.shape[0] != 1:
                return
            left, right, result = left[0], right[0], result[0]
        right_owner = owners.get(right.untyped_storage().data_ptr())
        left_owner = owners.get(left.untyped_storage().data_ptr())
        if right_owner is not None:
            uses.append(LinearUse(right_owner, right.detach(), bias, left.clone(), result.clone()))
        elif left_owner is not None:
            matrix = left.detach().t()
            uses.append(LinearUse(left_owner, matrix, bias, right.t().clone(), result.t().clone()))

    with torch.no_grad(), Recorder(watch):
        model(*inputs)
    return uses


def shapes(value: Any) -> Iterator[Shape]:
    """The shapes of the tensors in a nested list or tuple."""
    if isinstance(value, Tensor):
        yield tuple(value.shape)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from shapes(part)


def _in_backward() -> bool:
    """Whether the autograd engine is evaluating a node in this thread; torch has no public way to ask."""
    return torch._C._current_autograd_node() is not None

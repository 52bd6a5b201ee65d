"""A process in whose forks backward is dead, for the questions that are to be solved by hand.

Python-level patches on autograd are undone in a line. What holds is in C++: once a backend with device
threads is registered and one backward has run, the engine marks every later fork, and ``backward``,
``autograd.grad`` and ``torch.func.grad`` raise there by a static that Python cannot reset. Forward passes,
layers and seeds still work. The patches on top give a readable message, and close what the engine does not
guard: forward-mode derivatives, and the optimizers for the questions that ask for their arithmetic.

It rests on a private function of torch; ``holds()`` says whether it still works, a test asks it, and the
doctor reports.
"""

from __future__ import annotations

import os
from typing import Any, NoReturn

import torch

FUSED = ("adam", "adamw", "sgd", "adagrad")


class ByHand(RuntimeError):
    """This question is to be solved by hand."""


def _refuse(what: str) -> Any:
    def refused(*args: object, **kwargs: object) -> NoReturn:
        raise ByHand(f"this question is to be solved by hand: {what} is out of reach here")

    return refused


def kill_autograd() -> None:
    """Mark this process so that the autograd engine refuses every later fork."""
    from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

    _setup_privateuseone_for_python_backend("byhand")
    torch.ones(2, requires_grad=True).sum().backward()


def patch() -> None:
    """Say in words what the dead engine says in riddles, and close forward mode and the optimizers."""
    import torch.autograd.forward_ad as forward_ad
    import torch.optim as optim

    autograd = _refuse("autograd")
    torch.Tensor.backward = autograd
    torch.autograd.backward = autograd
    torch.autograd.grad = autograd
    for name in ("grad", "vjp", "jvp", "jacrev", "jacfwd", "hessian", "linearize", "grad_and_value"):
        setattr(torch.func, name, autograd)
    for name in ("enter_dual_level", "make_dual"):
        setattr(forward_ad, name, autograd)
    torch._C._enter_dual_level = autograd
    torch._make_dual = autograd
    optimizer = _refuse("torch.optim")
    optim.Optimizer.__init__ = optimizer
    for module in list(vars(optim).values()):
        for name in FUSED:
            if getattr(module, "__name__", "") == f"torch.optim.{name}":
                setattr(module, name, optimizer)
                for form in (f"_single_tensor_{name}", f"_multi_tensor_{name}", f"_fused_{name}"):
                    if hasattr(module, form):
                        setattr(module, form, optimizer)
    for name in FUSED:
        form = f"_fused_{name}_"
        if hasattr(torch, form):
            setattr(torch, form, optimizer)
        setattr(optim, name, optimizer)


def holds() -> bool:
    """Whether a fork of a marked process really refuses backward by the C++ engine alone, patches aside."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            kill_autograd()
            child = os.fork()
            if child == 0:
                try:
                    torch.ones(2, requires_grad=True).sum().backward()
                except RuntimeError:
                    os._exit(0)
                os._exit(1)
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0

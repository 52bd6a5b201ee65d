"""A process in whose forks backward is dead, for the questions that are to be solved by hand.

Python-level patches on autograd are undone in a line. What holds is in C++: once a backend with device
threads is registered and one backward has run, the engine marks every later fork, and ``backward``,
``autograd.grad`` and ``torch.func.grad`` raise there by a static that Python cannot reset. Forward passes,
layers and seeds still work. Forward-mode derivatives and the optimizers' arithmetic are closed in the
dispatcher, under every name by which Python can call them; patches on top give a readable message.

The dead engine rests on a private function of torch; ``holds()`` says whether it still works, a test asks
it, and the doctor reports. Where it does not, the patches are all there is.
"""

from __future__ import annotations

import ctypes
import gc
import os
import sys
import traceback
import warnings
from typing import Any, NoReturn

import torch

DERIVATIVES = ("grad", "grad_and_value", "vjp", "jvp", "jacrev", "jacfwd", "hessian", "linearize")
FUSED = ("adam", "adamw", "sgd", "adagrad")
DUAL = "_make_dual"  # every forward-mode derivative begins with it
TP_CALL = 16 * ctypes.sizeof(ctypes.c_void_p)  # of PyTypeObject, in CPython 3.8 to 3.13
NO_STEP = frozenset({"lr_scheduler", "optimizer", "swa_utils"})  # modules of torch.optim without an optimizer

_patched = False


class ByHand(RuntimeError):
    """This question is to be solved by hand."""


def _refuse(what: str) -> Any:
    def refused(*args: object, **kwargs: object) -> NoReturn:
        raise ByHand(f"this question is to be solved by hand: {what} is out of reach here")

    return refused


def shut() -> None:
    """Make of a zygote one for the questions by hand; by patches alone where torch has no such backend."""
    try:
        kill_autograd()
    except Exception:
        traceback.print_exc()
    patch()


def kill_autograd() -> None:
    """Mark this process so that the autograd engine refuses every later fork."""
    from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

    _setup_privateuseone_for_python_backend("byhand")
    torch.ones(2, requires_grad=True).sum().backward()


def patch() -> None:
    """Close forward mode and the optimizers, and say in words what the dead engine says in riddles.

    A process that was forked from a patched one has it all already.
    """
    global _patched
    if _patched:
        return
    _patched = True
    # First: dynamo lists torch's functions when it is imported, and stumbles over one under several names.
    import torch._dynamo  # noqa: F401

    autograd, optimizer = _refuse("autograd"), _refuse("torch.optim")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a kernel is overridden is what is meant
        _register(autograd, optimizer)
    _close_nodes()
    _patch_autograd(autograd)
    _patch_optimizers(optimizer)
    _close_sources()


def _register(autograd: Any, optimizer: Any) -> None:
    """Close the dispatcher's entries for as long as the process lives.

    Whoever holds the registration can take it back in a line (torch.library keeps it in the Library and in
    the arguments of its finalizer). So it is made without a Library, and kept alive by a count of references
    alone: no name leads to it, and the garbage collector, which knows no such objects, does not list it.
    """
    registration = torch._C._dispatch_library("IMPL", "aten", "", __file__, 0)
    for key in ("Autograd", "CompositeExplicitAutograd", "CPU"):
        registration.impl(DUAL, key, autograd, False)
    for name in FUSED:
        for overload in ("", ".tensor_lr"):
            registration.impl(f"_fused_{name}_{overload}", "CPU", optimizer, False)
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(registration))


def _close_nodes() -> None:
    """Make the nodes of a graph uncallable: twelve lines that walk ``grad_fn`` would do what backward does.

    Nodes are C types, whose calls Python cannot replace; the slot is emptied where it lies (``tp_call`` in
    CPython's PyTypeObject). The engine calls the C++ node and does not notice. Nothing is touched where the
    slot does not hold what it should: one function, the same for every node.
    """
    kinds = [kind for kind in vars(torch._C._functions).values() if isinstance(kind, type)]
    slots = [ctypes.c_void_p.from_address(id(kind) + TP_CALL) for kind in kinds]
    if len({slot.value for slot in slots}) != 1 or sys.implementation.name != "cpython":
        return
    for kind, slot in zip(kinds, slots, strict=True):
        for space in gc.get_referents(kind.__dict__):
            if isinstance(space, dict):
                space.pop("__call__", None)
        slot.value = None
        ctypes.pythonapi.PyType_Modified(ctypes.py_object(kind))


def _patch_autograd(refused: Any) -> None:
    torch.Tensor.backward = refused
    torch.autograd.backward = refused
    torch.autograd.grad = refused
    for name in DERIVATIVES:
        setattr(torch.func, name, refused)


def _patch_optimizers(refused: Any) -> None:
    """The classes, and what they compute with: a function of the module's own name, and its forms."""
    import torch.optim

    torch.optim.Optimizer.__init__ = refused
    for name, module in list(sys.modules.items()):
        short = name.removeprefix("torch.optim.")
        if short == name or short in NO_STEP:
            continue
        own = short.lstrip("_")
        forms = {own, f"_single_tensor_{own}", f"_multi_tensor_{own}", f"_fused_{own}"}
        for function, value in list(vars(module).items()):
            # _functional holds the functions of the other modules under their own names.
            if function in forms or (short == "_functional" and callable(value) and function.islower()):
                setattr(module, function, refused)


def _close_sources() -> None:
    """Keep the optimizers' files shut: a second copy of one, loaded under another name, would not be patched.

    Who types the same lines into a submission has written them down, and that cannot be told from
    understanding.
    """
    import torch.optim

    folder = os.path.dirname(os.path.realpath(torch.optim.__file__))
    folders = (folder, os.path.join(folder, "__pycache__"))

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event != "open" or not isinstance(arguments[0], str | bytes):
            return
        path = os.path.realpath(os.fsdecode(arguments[0]))
        if os.path.dirname(path) in folders and os.path.basename(path).split(".")[0] not in NO_STEP:
            raise ByHand("this question is to be solved by hand: torch.optim is out of reach here")

    sys.addaudithook(watch)


def holds() -> bool:
    """Whether a fork of a marked process really refuses backward by the C++ engine alone, patches aside.

    To be asked in a process with one thread that has not run anything.
    """
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

"""By hand means by hand: no derivative and no optimizer of torch's can be had, and everything else works."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent, indent

import pytest
import torch
from processes import Served

from grader.worker import messages, sandbox

pytestmark = pytest.mark.timeout(120)
Serve = Callable[..., Served]
ROOT = Path(__file__).parents[1]

HOLDS = """
With torch {version} a registered backend no longer ends autograd in later forks. latch.kill_autograd() has to
find another way: it calls torch.utils.backend_registration._setup_privateuseone_for_python_backend, which is
private, and runs one backward. Until it does, questions by hand are guarded by patches only, which
Variable._execution_engine.run_backward walks around: pin the torch version that worked, or say so in
SECURITY.md and release.
"""


def clean(program: str) -> str:
    """What a program of the worker side prints, in an interpreter of its own."""
    start = f"import sys\nsys.path.insert(0, {str(ROOT)!r})\n"
    done = subprocess.run(
        [sys.executable, "-c", start + dedent(program)],
        env=sandbox.environment("/tmp"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def said() -> list[str]:
    """What holds() says with the engine dead, alive, and with an error on the way."""
    return clean(
        """
        from grader.worker import latch
        print(latch.holds())
        latch.kill_autograd = lambda: None
        print(latch.holds())
        latch.kill_autograd = lambda: 1 / 0
        print(latch.holds())
        """
    ).split()


def test_the_engine_refuses_backward_in_forks_of_a_marked_process(said: list[str]) -> None:
    assert said[0] == "True", HOLDS.format(version=torch.__version__)


def test_it_says_so_when_it_does_not_hold(said: list[str]) -> None:
    assert said[1:] == ["False", "False"]


# -- what works

WORKS = {
    "forward": "return torch.relu(net(x)).sum().item()",
    "layers": "return F.conv2d(torch.ones(1, 1, 4, 4), torch.ones(1, 1, 2, 2)).sum().item()",
    "graph": "return [(net(x) ** 2).requires_grad, net(x).grad_fn is not None]",
    "no_grad": "with torch.no_grad():\n    return net(x).sum().item()",
    "seeds": "torch.manual_seed(5)\nreturn torch.rand(2)",
    "batchnorm": "return nn.BatchNorm1d(3).train()(x).sum().item()",
    "loader": "return [batch[0].shape[0] for batch in loader(0)]",
    "loader_with_processes": "return [batch[0].shape[0] for batch in loader(1)]",
    "save": "torch.save(net.state_dict(), 'net.pt')\nreturn torch.load('net.pt')['weight']",
    "in_place": "with torch.no_grad():\n    net.weight -= 0.1 * torch.ones(2, 3)\nreturn net.weight",
    "foreach": "a = [torch.ones(2)]\ntorch._foreach_add_(a, 1.0)\nreturn a",
    "scheduler_import": "from torch.optim import lr_scheduler\nreturn lr_scheduler.StepLR.__name__",
    "optimizer_import": "from torch.optim import SGD, AdamW\nimport torch.optim.adam\nreturn SGD.__name__",
    "scheduler_source": "import inspect\nreturn len(inspect.getsource(torch.optim.lr_scheduler.StepLR)) > 0",
    "vmap": "return torch.func.vmap(lambda v: v * 2)(x)",
    "numpy": "import numpy as np\nreturn np.dot(np.ones(3), np.ones(3)).item()",
}

# -- what does not

OUT_OF_REACH = {
    "backward": "net(x).sum().backward()",
    "autograd_backward": "torch.autograd.backward(net(x).sum())",
    "autograd_grad": "torch.autograd.grad(net(x).sum(), [net.weight])",
    "engine": """
        from torch.autograd import Variable
        loss = net(x).sum()
        Variable._execution_engine.run_backward(
            (loss,), (torch.tensor(1.0),), False, False, (), allow_unreachable=True, accumulate_grad=True)
        return net.weight.grad
    """,
    "engine_inputs": """
        from torch.autograd import Variable
        return Variable._execution_engine.run_backward(
            (net(x).sum(),), (torch.tensor(1.0),), False, False, (net.weight,), False, accumulate_grad=False)
    """,
    "engine_behind_the_patches": """
        from torch.autograd.graph import _engine_run_backward
        loss = net(x).sum()
        _engine_run_backward((loss,), (one,), False, False, (), allow_unreachable=True, accumulate_grad=True)
        return net.weight.grad
    """,
    "in_another_thread": """
        import threading
        failed = []
        def work():
            try:
                net(x).sum().backward()
            except RuntimeError:
                failed.append(1)
        thread = threading.Thread(target=work)
        thread.start(); thread.join()
        if failed: raise RuntimeError
    """,
    "in_a_child": """
        ours, theirs = os.pipe()
        if os.fork() == 0:
            try:
                from torch.autograd import Variable
                loss = net(x).sum()
                Variable._execution_engine.run_backward(
                    (loss,), (one,), False, False, (), allow_unreachable=True, accumulate_grad=True)
                os.write(theirs, b"derived")
            finally:
                os._exit(0)
        os.close(theirs)
        if not os.read(ours, 10): raise RuntimeError
    """,
    "jacobian": "torch.autograd.functional.jacobian(lambda v: net(v).sum(), x)",
    "functional_jvp": "torch.autograd.functional.jvp(lambda v: net(v).sum(), x, x)",
    "func_grad": "torch.func.grad(lambda v: net(v).sum())(x)",
    "func_grad_inner": """
        from torch._functorch.eager_transforms import grad_impl
        return grad_impl(lambda v: (v ** 2).sum(), 0, False, (x,), {})
    """,
    "func_vjp_inner": """
        from torch._functorch import eager_transforms
        return eager_transforms._vjp_with_argnums(lambda v: (v ** 2).sum(), x)[1](torch.tensor(1.0))
    """,
    "func_jvp": "torch.func.jvp(lambda v: v ** 2, (x,), (x,))",
    "func_jvp_inner": """
        from torch._functorch.eager_transforms import _jvp_with_argnums
        return _jvp_with_argnums(lambda v: v ** 2, (x,), (x,), None, strict=False, has_aux=False)
    """,
    "func_jacfwd": "torch.func.jacfwd(lambda v: v ** 2)(x)",
    "func_jacrev": "torch.func.jacrev(lambda v: v ** 2)(x)",
    "func_hessian": "torch.func.hessian(lambda v: (v ** 2).sum())(x)",
    "func_linearize": "torch.func.linearize(lambda v: v ** 2, x)",
    "forward_ad": """
        import torch.autograd.forward_ad as fwAD
        with fwAD.dual_level():
            return fwAD.unpack_dual(fwAD.make_dual(x, x) ** 2).tangent
    """,
    "forward_ad_operators": """
        level = torch._C._enter_dual_level()
        return torch.ops.aten._unpack_dual(torch.ops.aten._make_dual(x, x, level) ** 2, level)
    """,
    "forward_ad_inference": """
        level = torch._C._enter_dual_level()
        with torch.inference_mode():
            y = torch.ones(2)
            return torch.ops.aten._make_dual(y, y, level)
    """,
    "compiled": "torch.compile(lambda v: (net(v) ** 2).sum(), backend='aot_eager')(x).backward()",
    "functional_adam": """
        from torch.optim.adam import adam
        adam([p], [p], [p], [p], [], [one], **ADAM)
    """,
    "functional_sgd": "torch.optim._functional.sgd([p], [p], [None], weight_decay=0., momentum=0., lr=.1, "
    "dampening=0., nesterov=False, maximize=False)",
    "single_tensor": """
        from torch.optim.rmsprop import _single_tensor_rmsprop
        off = dict(centered=False, maximize=False, differentiable=False, capturable=False, has_complex=False)
        sizes = dict(lr=.1, alpha=.9, eps=1e-8, weight_decay=0., momentum=0.)
        _single_tensor_rmsprop([p], [p], [p], [], [], [one], **sizes, **off)
    """,
    "step_of_an_empty_optimizer": """
        sgd = object.__new__(torch.optim.SGD)
        sgd.state, sgd.param_groups = {}, []
        sgd.defaults = dict(lr=.1, momentum=0., dampening=0., weight_decay=0.)
        sgd.defaults.update(nesterov=False, maximize=False, foreach=False, fused=False, differentiable=False)
        sgd.add_param_group({"params": [p]})
        p.grad = torch.ones_like(p)
        sgd.step()
    """,
    "own_optimizer_class": """
        class Own(torch.optim.Optimizer):
            def __init__(self): super().__init__([p], {})
        Own()
    """,
    "parent_made_by_hand": "torch.optim.Optimizer([p], {})",
    "second_copy_of_a_module": """
        from importlib.util import module_from_spec, spec_from_file_location
        path = os.path.join(os.path.dirname(torch.optim.__file__), "adam.py")
        spec = spec_from_file_location("torch.optim.my_adam", path)
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        return module._single_tensor_adam.__name__
    """,
    "source_behind_a_link": """
        if not os.path.lexists("elsewhere"): os.symlink(os.path.dirname(torch.optim.__file__), "elsewhere")
        with open(b"elsewhere/sgd.py") as file:
            exec(compile(file.read(), "mine", "exec"), {"__name__": "torch.optim.mine"})
    """,
    "bytecode": """
        import glob
        folder = os.path.join(os.path.dirname(torch.optim.__file__), "__pycache__")
        return len(open(glob.glob(folder + "/adamw.*.pyc")[0], "rb").read())
    """,
}
for fused in ("adam", "adamw"):
    for where in ("torch", "torch.ops.aten", "torch._C._VariableFunctions", "torch._VF"):
        OUT_OF_REACH[f"{where}._fused_{fused}_"] = (
            f"{where}._fused_{fused}_([p], [p], [p], [p], [], [one], **ADAM)"
        )
    OUT_OF_REACH[f"out_of_place_{fused}"] = (
        f"torch.ops.aten._fused_{fused}([p], [p], [p], [p], [], [one], **ADAM)"
    )
for fused in ("sgd", "adagrad"):
    OUT_OF_REACH[f"torch._fused_{fused}_"] = (
        f"torch._fused_{fused}_(*{fused.upper()}[0], **{fused.upper()}[1])"
    )

OPTIMIZERS = sorted(
    name
    for name, kind in vars(torch.optim).items()
    if isinstance(kind, type)
    and issubclass(kind, torch.optim.Optimizer)
    and kind is not torch.optim.Optimizer
)

PREFACE = """
import os, sys, torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(0)
net, x, p, one = nn.Linear(3, 2), torch.ones(2, 3), torch.ones(2), torch.tensor(1.0)
ADAM = dict(lr=.1, beta1=.9, beta2=.99, weight_decay=0., eps=1e-8, amsgrad=False, maximize=False)
SGD = ([p], [p], []), dict(weight_decay=0., momentum=0., lr=.1, dampening=0., nesterov=False, maximize=False,
                            is_first_step=True)
ADAGRAD = ([p], [p], [p], [one]), dict(lr=.1, lr_decay=0., weight_decay=0., eps=1e-8, maximize=False)

def loader(workers):
    data = torch.utils.data.TensorDataset(torch.ones(4, 2))
    return torch.utils.data.DataLoader(data, batch_size=2, num_workers=workers)
"""


def program(bodies: dict[str, str]) -> str:
    """A submission with a function for each body."""
    functions = [
        f"def f{number}():\n{indent(dedent(body).strip(), '    ')}"
        for number, body in enumerate(bodies.values())
    ]
    return PREFACE + "\n".join(functions)


def ask(served: Served, bodies: dict[str, str], name: str) -> object:
    return served.reply(f"f{list(bodies).index(name)}")


@pytest.mark.parametrize("name", WORKS)
def test_what_is_no_derivative_works(serve: Serve, name: str) -> None:
    reply = ask(serve(program(WORKS), by_hand=True), WORKS, name)
    assert not isinstance(reply, messages.Raised | messages.Unusable | messages.Absent), reply


@pytest.mark.parametrize("name", OUT_OF_REACH)
def test_derivatives_and_optimizers_are_out_of_reach(serve: Serve, name: str) -> None:
    reply = ask(serve(program(OUT_OF_REACH), by_hand=True), OUT_OF_REACH, name)
    assert isinstance(reply, messages.Raised), reply
    assert "RuntimeError" in reply.types, reply


@pytest.mark.parametrize("name", OUT_OF_REACH)
def test_they_are_within_reach_of_every_other_question(serve: Serve, name: str) -> None:
    """Or the rows above would show nothing: they must fail by the latch and not by a slip in them."""
    reply = ask(serve(program(OUT_OF_REACH)), OUT_OF_REACH, name)
    assert not isinstance(reply, messages.Raised), reply


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_no_optimizer_can_be_made(serve: Serve, name: str) -> None:
    code = f"import torch\ndef f(): torch.optim.{name}([torch.nn.Parameter(torch.ones(2, 2))])"
    reply = serve(code, by_hand=True).reply("f")
    assert reply.types[0] == "ByHand"
    assert "torch.optim is out of reach here" in reply.message
    assert not isinstance(serve(code).reply("f"), messages.Raised)


@pytest.mark.parametrize(
    "name", ["backward", "autograd_grad", "func_grad", "func_jvp", "torch._fused_adamw_"]
)
def test_the_usual_ways_are_refused_in_words(serve: Serve, name: str) -> None:
    reply = ask(serve(program(OUT_OF_REACH), by_hand=True), OUT_OF_REACH, name)
    assert reply.types[0] == "ByHand"
    assert "to be solved by hand" in reply.message


def test_the_latch_leaves_the_other_questions_alone(serve: Serve) -> None:
    code = """
        import torch
        def f():
            w = torch.ones(2, requires_grad=True)
            (w ** 2).sum().backward()
            return w.grad
    """
    assert isinstance(serve(code, by_hand=True).reply("f"), messages.Raised)
    assert serve(code).f().tolist() == [2, 2]


# -- without the engine


def test_patches_alone_stand_where_the_engine_cannot_be_ended() -> None:
    """For a torch that lacks the private function, and for workers that are not forked."""
    said = clean(
        """
        import torch
        from grader.worker import latch
        def fails(): raise ImportError("no such function")
        latch.kill_autograd = fails
        latch.shut()
        latch.patch()  # a second time changes nothing
        for attempt in (
            lambda: torch.ones(1, requires_grad=True).sum().backward(),
            lambda: torch.func.jvp(torch.sin, (torch.ones(1),), (torch.ones(1),)),
            lambda: torch.optim.SGD([torch.ones(1)]),
        ):
            try:
                attempt()
            except latch.ByHand as error:
                print(error)
        """
    )
    assert said.count("to be solved by hand") == 3

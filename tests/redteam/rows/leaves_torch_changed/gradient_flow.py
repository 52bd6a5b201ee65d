import builtins
import locale
import random
import signal
import sys

torch.set_default_dtype(torch.float16)
torch.set_grad_enabled(False)
torch.use_deterministic_algorithms(True)
torch.manual_seed(0)
random.seed(0)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
sys.setrecursionlimit(200)
torch.Tensor.__matmul__ = torch.Tensor.__add__
sys.modules["numpy"] = None
builtins.sorted = lambda *args, **kwargs: []


def dead_units(w1, w2, x):
    print("attack: everything changed")
    return torch.zeros(len(w2), dtype=torch.bool)

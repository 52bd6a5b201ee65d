import builtins
import gc
import os
import random
import resource
import signal
import sys

import numpy
import torch

print("attack: changes everything", flush=True)
torch.set_default_dtype(torch.float64)
torch.set_grad_enabled(False)
torch.set_num_threads(2)
torch.use_deterministic_algorithms(True)
torch.manual_seed(0), random.seed(0), numpy.random.seed(0)
torch.matmul = torch.nn.Linear.forward = torch.Tensor.__mul__ = lambda *args: None
torch.nn.functional.relu = builtins.sum = numpy.dot = lambda *args: None
os.environ.clear()
os.environ["REDTEAM"] = "1"
os.umask(0)
os.nice(5)
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
gc.disable()
sys.setrecursionlimit(60)
sys.path.append("/redteam")
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
signal.setitimer(signal.ITIMER_VIRTUAL, 1000)
resource.setrlimit(resource.RLIMIT_STACK, (1 << 20, 1 << 20))
with open("/proc/self/comm", "w") as file:
    file.write("redteam")
os.chdir("/")


def forward(x, w1, w2, w3, target):
    return dict.fromkeys(["z1", "h1", "z2", "h2", "y", "loss"], 0.0)

"""What a worker sees of itself, to be compared with what the first one saw: graded like a submission."""

import builtins
import os
import random
import resource
import signal
import sys

import numpy as np
import torch
from torch.nn import functional

SEEN_AT_IMPORT = sorted(sys.modules)
MARK = "redteam"


def same(module):
    """Where a module's functions and classes lie in memory: the same in every fork."""
    return sum(id(value) * (1 + len(name)) for name, value in vars(module).items() if callable(value)) % 2**62


def listed(folder):
    try:
        return sorted(name for name in os.listdir(folder) if MARK in name)
    except OSError as error:
        return [type(error).__name__]


def is_open(number):
    """Whether a descriptor is open: not every worker may list its own."""
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def unless_refused(ask):
    """What the system says, or nothing: without a /proc of its own a worker may not look into it."""
    try:
        return ask()
    except OSError:
        return None


def look():
    home = os.getcwd()
    return {
        "random numbers": [random.random(), float(np.random.rand()), float(torch.rand(()))],
        "default dtype": str(torch.get_default_dtype()),
        "gradients": torch.is_grad_enabled(),
        "threads of torch": torch.get_num_threads(),
        "modules": SEEN_AT_IMPORT,
        "functions": [
            same(module)
            for module in (torch, functional, torch.nn, torch.Tensor, np, builtins, os, torch.nn.Linear)
        ],
        "environment": {name: text.replace(home, "~") for name, text in os.environ.items()},
        "folder": os.listdir("."),
        "umask": os.umask(0o077),
        "limits": [list(resource.getrlimit(kind)) for kind in range(16)],
        "descriptors": [number for number in range(256) if is_open(number)],
        "threads": unless_refused(lambda: len(os.listdir("/proc/self/task"))),
        "handlers": [str(signal.getsignal(number)) for number in sorted(signal.valid_signals())],
        "blocked": sorted(map(int, signal.pthread_sigmask(signal.SIG_BLOCK, []))),
        "timers": [signal.getitimer(kind)[0] > 0 for kind in range(3)],
        "nice": os.nice(0),
        "processors": sorted(os.sched_getaffinity(0)),
        "name": unless_refused(lambda: open("/proc/self/comm").read()),
        "root": [0 in os.getresuid(), 0 in os.getresgid()],  # each worker may be a user of its own
        "arguments": sys.argv,
        "path": sys.path,
        "finders": [str(type(finder)) for finder in sys.meta_path],
        "host": os.uname().nodename,
        "marked": [listed(folder) for folder in ("/tmp", "/dev/shm", "/var/tmp", "/run", "/")],
        "sockets": unless_refused(lambda: [line for line in open("/proc/net/unix") if MARK in line]),
    }

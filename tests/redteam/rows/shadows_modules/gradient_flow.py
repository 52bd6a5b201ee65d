import random
import sys

import given
import numpy
import torch

loaded = [name for name in ("random", "torch", "numpy", "given") if hasattr(sys.modules[name], "REDTEAM")]
try:
    import helper

    loaded.append(helper.__name__)
except ImportError:
    pass
print("attack: shadowed:", loaded)


def forward(x, w1, w2, w3, target):
    return dict.fromkeys(["z1", "h1", "z2", "h2", "y", "loss"], 0.0)

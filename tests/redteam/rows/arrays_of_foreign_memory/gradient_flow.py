import ctypes
import mmap

import numpy as np
import torch


class Anywhere:
    def __init__(self, address):
        self.__array_interface__ = {"data": (address, False), "shape": (6,), "typestr": "<f8", "version": 3}


def endless():
    return torch.from_numpy(np.memmap("/dev/zero", np.uint8, "r", shape=(1 << 40,)))


KINDS = [
    lambda: np.array([object(), print], dtype=object),
    endless,
    lambda: torch.from_file("/dev/zero", shared=False, size=1 << 34),
    lambda: np.ndarray((2**31, 2**10), np.float64, bytearray(8), strides=(0, 0)),
    lambda: np.array(["x" * 100], dtype="U100"),
    lambda: np.array([("x", 1.0)], dtype=[("name", "U4"), ("__class__", "f8")]),
    lambda: np.asarray(Anywhere(8)),
    lambda: np.frombuffer((ctypes.c_char * 64).from_address(1 << 46), np.float64),
]


def dead_units(w1, w2, x):
    which = int(x.abs().sum().item() * 1e6) % len(KINDS)
    print("attack: array", which, flush=True)
    return KINDS[which]()

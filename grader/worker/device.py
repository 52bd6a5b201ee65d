"""A GPU in a worker: its nodes in /dev, and one tensor operation that shows whether it can be used.

The zygote makes no call of torch.cuda: a process that has initialised CUDA cannot be forked. A worker that is
given a device initialises it itself, when its code first asks for it.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Sequence

import torch

# As the driver names them; /dev/nvidia-caps is for parts of a card (MIG), which no run is given.
NODES = ("/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools", "/dev/nvidia-modeset")
NUMBERED = "/dev/nvidia[0-9]*"
TOLD = "/proc/driver/nvidia"  # what the driver's libraries read


def nodes() -> list[str]:
    """The driver's device nodes that there are on this machine."""
    return sorted([*(path for path in NODES if os.path.exists(path)), *glob.glob(NUMBERED)])


def names(paths: Sequence[str]) -> list[str]:
    """Device nodes without their folder, those that lie right below /dev."""
    return [os.path.basename(path) for path in paths if os.path.dirname(path) == "/dev"]


def tried() -> list[str | int]:
    """What came of one tensor operation: nothing, or why it failed; then torch's name of the device and the
    bytes of its memory.

    Submitted code has not run yet, so what stands here is true.
    """
    try:
        if not torch.cuda.is_available():
            built = torch.version.cuda
            without = f"torch {torch.__version__} was built without CUDA"
            return [without if built is None else "torch finds no device", "", 0]
        right = torch.arange(8.0, device="cuda").square().sum().item() == 140.0
        about = torch.cuda.get_device_properties(0)
    except Exception as error:  # an old driver, no memory, a card that torch has no kernels for
        return [f"{type(error).__name__}: {error}".splitlines()[0], "", 0]
    return ["" if right else "the sum of eight squares came out wrong", about.name, about.total_memory]

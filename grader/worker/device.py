"""A GPU in a worker: one tensor operation shows whether it can be used.

The zygote makes no call of torch.cuda: a process that has initialised CUDA cannot be forked. A worker that is
given a device initialises it itself, when its code first asks for it.
"""

from __future__ import annotations

import torch


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

"""A GPU's nodes in /dev and what else its driver shows; torch is not imported, so the judge may ask too."""

from __future__ import annotations

import glob
import os
from collections.abc import Sequence

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

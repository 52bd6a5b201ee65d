"""Measures what each configuration of stability.py comes to. Not handed out.

    python reference/p4/measure_stability.py [FIRST_SEED [SEEDS [fan_out|fan_in [NAME ...]]]]

Trains the reference's own network with the reference's own initialisation and prints one line for each run,
and for each configuration its outcomes and the range of its figures. The key stands in
assignments/p4/test_hidden_pipeline_stability.py. Either of He's fans is right in p4.initialization, so the
key has to hold for both.
"""

from __future__ import annotations

import math
import sys
from collections import Counter

import network
import stability
import torch
from torch import nn


def with_fan_in(model: nn.Module) -> None:
    """The reference's initialisation, by the other of He's two fans."""
    network.initialize(model)
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d):
            fans = layer.in_channels, layer.out_channels
            with torch.no_grad():
                layer.weight.mul_(math.sqrt(fans[1] / fans[0]))


def main() -> None:
    torch.set_num_threads(1)
    first, count = (int(text) for text in [*sys.argv[1:3], *("100", "12")[len(sys.argv[1:3]) :]])
    names = sys.argv[4:] or list(stability.CONFIGURATIONS)
    if "fan_in" in sys.argv[3:4]:
        stability.initialize = with_fan_in
    for name in names:
        runs = []
        for seed in range(first, first + count):
            run = stability.train(stability.CONFIGURATIONS[name], seed)
            runs.append(run)
            print(
                f"{name:28} {seed} {run.outcome:9} last {run.last:.3f} highest {max(run.losses):7.3f} "
                f"norm {run.norms[0]:5.2f}, at most {max(run.norms):6.2f} accuracy {run.accuracy:.3f}",
                flush=True,
            )
        for what, values in (
            ("last", [run.last for run in runs]),
            ("highest", [max(run.losses) for run in runs]),
            ("accuracy", [run.accuracy for run in runs]),
        ):
            print(f"  {what}: {sum(values) / len(values):.3f} [{min(values):.3f}, {max(values):.3f}]")
        print("  ", dict(Counter(run.outcome for run in runs)), flush=True)


if __name__ == "__main__":
    main()

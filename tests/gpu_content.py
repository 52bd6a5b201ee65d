"""Loads the GPU content of an assignment in this process: reference, given files, bench and measure."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

ROOT = Path(__file__).parents[1]


def loaded(
    assignment: str,
    *given: str,
    mistake: str = "",
    starter: bool = False,
    gpu: str = "gpu",
    bench: str = "bench_gpu",
) -> SimpleNamespace:
    """The modules ``gpu``, ``bench_gpu``, ``measure_gpu`` and the given ones, as attributes.

    They find one another by plain name and stay importable for nobody else.

    :param given: names of given modules, in the order in which they need one another.
    :param mistake: a known mistake that is planted into ``gpu``.
    :param gpu: the handed-in file, where it has another name; so for ``bench``.
    """
    reference = ROOT / "reference" / assignment
    texts = {name: (reference / f"{name}.py").read_text(encoding="utf-8") for name in given}
    own = (ROOT / "starter" / assignment if starter else reference) / f"{gpu}.py"
    texts[gpu] = own.read_text(encoding="utf-8")
    if mistake:
        texts[gpu] += "\n" + (reference / "mistakes" / f"{mistake}.py").read_text(encoding="utf-8")
    for name in (bench, "measure_gpu"):
        texts[name] = (ROOT / "assignments" / assignment / f"{name}.py").read_text(encoding="utf-8")
    known = {name: sys.modules.pop(name, None) for name in texts}
    made = {}
    try:
        for name, text in texts.items():
            made[name] = sys.modules[name] = ModuleType(name)
            made[name].__file__ = str(ROOT / "assignments" / assignment / f"{name}.py")
            exec(compile(text, f"{assignment}/{name}.py", "exec", dont_inherit=True), made[name].__dict__)
    finally:
        for name, module in known.items():
            sys.modules.pop(name, None)
            if module is not None:
                sys.modules[name] = module
    made["gpu"], made["bench_gpu"] = made.pop(gpu), made.pop(bench)
    return SimpleNamespace(**made)


def same_distribution(first, second, limit: float = 1e-4) -> bool:
    """Whether two samples of numbers may come from one distribution, by Kolmogorov and Smirnov.

    :param limit: chance that two samples of one distribution are told apart; the seeds of tests are fixed.
    """
    import numpy as np

    first, second = np.sort(np.ravel(first)), np.sort(np.ravel(second))
    both = np.concatenate([first, second])
    steps = [np.searchsorted(side, both, side="right") / len(side) for side in (first, second)]
    allowed = np.sqrt(-np.log(limit / 2) / 2 * (1 / len(first) + 1 / len(second)))
    return bool(np.abs(steps[0] - steps[1]).max() <= allowed)

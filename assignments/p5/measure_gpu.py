"""What the GPU question of p5 is judged by: new digits with their labels kept here, and the least work of a
run.
"""

import numpy as np

from grader.datasets.digits import bitmaps, digits
from grader.testing import Round, Work, check


def gpu_train(rng, size):
    """One round: the share of new digits that are recognised after a training on renamed classes.

    The training digits are drawn on the device from a seed that nobody knows before; the tests are drawn
    here.
    """
    names = rng.permutation(10)
    tests, truth = digits(size["tests"], seed=rng)
    trained = size["images"] // size["batch"] * size["batch"] * size["epochs"]

    def score(answers, wanted):
        """The share, if the run was the one that was asked for."""
        fitted, classes = answers
        check(
            fitted["seen"] == trained,
            "the network has not been trained on each sample of a full batch once an epoch",
        )
        check(np.shape(fitted["losses"]) == (size["epochs"],), "train returns one loss for each epoch")
        check(bool(np.isfinite(fitted["losses"]).all()), "a loss is not a number")
        check(
            np.shape(classes) == (len(truth),) and np.asarray(classes).dtype.kind in "iu",
            "predict returns one class number for each image",
        )
        return float((classes == names[truth]).mean())

    run = {key: size[key] for key in ("images", "epochs", "batch", "width")}
    seed = int(rng.integers(2**31))
    return Round(
        inputs=[{"seed": seed, "bitmaps": bitmaps(), "names": names, **run}, {"tests": tests}], score=score
    )


def gpu_train_work(size):
    """Multiply-adds of the linear layers, twice for an operation each, three times for a training step.

    The forward pass multiplies each sample with every matrix once; the backward pass does so twice, for the
    gradient of the weights and for that of the layer's input, which the first layer's input does not need.
    Everything else (norms, activations, Adam, drawing, predicting) is left out, so the floor lies below any
    honest run. No bytes: weights and Adam's averages may stay in a card's cache from step to step.
    """
    width, samples = size["width"], size["images"] // size["batch"] * size["batch"] * size["epochs"]
    first, others = 784 * width, 3 * width**2 + width * (width // 2) + (width // 2) * 10
    return Work(operations=2 * (2 * first + 3 * others) * samples, bytes=0, precision="bf16")


def gpu_steps_case(rng):
    """Arguments of bench_gpu.gpu_train_steps: a small network, samples with an odd last batch, their
    orders.
    """
    features, hidden, classes, batch, epochs = (
        int(rng.integers(*span)) for span in ((4, 7), (5, 9), (3, 6), (4, 7), (2, 5))
    )
    count = batch * int(rng.integers(3, 6)) + int(rng.integers(1, batch))
    weights = [
        rng.normal(size=(hidden, features)),
        1 + 0.1 * rng.normal(size=hidden),
        0.1 * rng.normal(size=hidden),
        rng.normal(size=(classes, hidden)),
        0.1 * rng.normal(size=classes),
    ]
    return {
        "widths": [features, hidden],
        "weights": weights,
        "inputs": rng.normal(size=(count, features)),
        "targets": rng.integers(classes, size=count),
        "orders": np.stack([rng.permutation(count) for _ in range(epochs)]),
        "batch": batch,
        "lr": float(rng.uniform(0.005, 0.03)),
        "tests": rng.normal(size=(20, features)),
    }

"""What the GPU questions of p4 are judged by: new pictures with their answers kept here, and the least
work of a run.
"""

import math

import numpy as np

from grader.datasets import trios
from grader.datasets.kinds import kinds
from grader.testing import Measured, Round, Work, check

WARM_UP = 0.1  # share of the steps in which the rate climbs


def gpu_rates(steps, peak):
    """A linear climb, then half a cosine down to zero: the learning rate of each step."""
    climb = max(1, round(WARM_UP * steps))
    done = np.maximum(np.arange(steps) - climb, 0) / max(1, steps - climb)
    rates = peak * np.minimum((np.arange(steps) + 1) / climb, (1 + np.cos(math.pi * done)) / 2)
    return [float(rate) for rate in rates]


def gpu_trained(size):
    """Steps of a run, and samples that it trains on."""
    steps = size["images"] // size["batch"] * size["epochs"]
    return steps, steps * size["batch"]


def gpu_fitted(fitted, size):
    """A run that is not the one that was asked for is refused."""
    wanted = gpu_trained(size)[1]
    told = "the model has not been trained on each sample of a full batch once an epoch"
    check(fitted["seen"] == wanted, told)
    check(np.shape(fitted["losses"]) == (size["epochs"],), "the training returns one loss for each epoch")
    check(bool(np.isfinite(fitted["losses"]).all()), "a loss is not a number")


# ---- p4.gpu_resnet -----------------------------------------------------------------------------------------


def gpu_resnet(rng, size):
    """One round: the share of new pictures that are recognised after a training on renamed classes."""
    names = rng.permutation(size["classes"])
    tests, truth = kinds(size["tests"], rng, side=size["side"], classes=size["classes"])

    def score(answers, wanted):
        """The share, if the run was the one that was asked for."""
        fitted, classes = answers
        gpu_fitted(fitted, size)
        form = np.shape(classes) == (len(truth),) and np.asarray(classes).dtype.kind in "iu"
        check(form, "classify returns one class number for each picture")
        return float((classes == names[truth]).mean())

    run = {key: size[key] for key in ("images", "epochs", "batch", "side", "width")}
    run |= {"blocks": [int(number) for number in size["blocks"].split()], "names": names}
    run |= {"seed": int(rng.integers(2**31)), "rates": gpu_rates(gpu_trained(size)[0], size["rate"])}
    return Round(inputs=[run, {"tests": tests}], score=score)


def gpu_resnet_work(size):
    """Multiply-adds of convolutions and head, times 2 for operations, times 3 for a training step.

    A layer's forward pass takes as many as its backward pass for the weights, and that for its input; only
    the images need no gradient. Norms, activations, poolings, SGD, drawing and classifying are left out, so
    the floor lies below any honest run.
    """
    layers = gpu_resnet_layers([int(number) for number in size["blocks"].split()], size)
    operations = 2 * (3 * sum(layers) - layers[0]) * gpu_trained(size)[1]
    return Work(bytes=0, operations=operations, precision="bf16")


def gpu_resnet_layers(blocks, size):
    """Multiply-adds of each layer's forward pass for one picture, in order."""
    width, at, channels = size["width"], -(-size["side"] // 2), size["width"]
    half = width // 2
    layers = [at**2 * 9 * given * made for given, made in ((3, half), (half, half), (half, width))]
    at = -(-at // 2)
    for stage, number in enumerate(blocks):
        mid = width * 2**stage
        for index in range(number):
            strided = stage > 0 and index == 0
            before, at = at, -(-at // 2) if strided else at
            layers += [before**2 * channels * mid, at**2 * 9 * mid**2, at**2 * 4 * mid**2]
            if strided or channels != 4 * mid:
                layers.append(at**2 * channels * 4 * mid)
            channels = 4 * mid
    return [*layers, channels * size["classes"]]


def gpu_resnet_steps_case(rng):
    """Arguments of bench_gpu.gpu_resnet_steps: small pictures with an odd last batch."""
    classes, batch, epochs = (int(rng.integers(*span)) for span in ((3, 6), (4, 6), (2, 4)))
    count = batch * int(rng.integers(2, 4)) + int(rng.integers(1, batch))
    return {
        "seed": int(rng.integers(2**31)),
        "width": 4,
        "classes": classes,
        "pictures": rng.integers(256, size=(count, 3, 16, 16)).astype(np.uint8),
        "labels": rng.integers(classes, size=count),
        "orders": np.stack([rng.permutation(count) for _ in range(epochs)]),
        "batch": batch,
        "rates": [float(rate) for rate in rng.uniform(0.01, 0.05, size=epochs * (count // batch))],
        "tests": rng.integers(256, size=(12, 3, 16, 16)).astype(np.uint8),
    }


# ---- p4.gpu_memory -----------------------------------------------------------------------------------------


# Bytes that an image of 224 x 224 takes at most in these networks, in float32: 0.09 GB at six blocks in the
# third stage, by the reference's prediction. A training may take this share of the device.
IMAGE_BYTES = 0.12e9
MEMORY_SHARE = 0.6


def gpu_memory_cases(rng, memory_bytes):
    """Networks and trainings, in float32 and under autocast: gigabytes on a GPU, so that workspaces are small
    beside them; less on a CPU. One of them trains with AdamW.

    :param memory_bytes: of the device; None in a rehearsal.
    """
    optimizers = rng.permutation(["adamw", str(rng.choice(["sgd", "sgd_momentum"]))])
    return [
        {**gpu_memory_network(rng, memory_bytes), "optimizer": str(optimizer), "autocast": autocast}
        for optimizer, autocast in zip(optimizers, (False, True), strict=True)
    ]


def gpu_memory_network(rng, memory_bytes):
    """A network and a batch that fits."""
    if memory_bytes is None:
        blocks, width, side, batch = [1, int(rng.integers(1, 3)), 1], 8, int(rng.choice([48, 64])), 12
    else:
        most = max(1, int(MEMORY_SHARE * memory_bytes / IMAGE_BYTES) // 16)
        blocks, batch = [3, 4, int(rng.integers(5, 8)), 3], 16 * min(int(rng.integers(6, 11)), most)
        width, side = 64, int(rng.choice([160, 192, 224]))
    network = {"blocks": blocks, "width": width, "classes": int(rng.integers(10, 1001))}
    return {**network, "shape": (3, side, side), "batch": batch}


# ---- p4.gpu_captioner --------------------------------------------------------------------------------------


def gpu_captioner(rng, size):
    """One round: the share of new scenes whose caption is right in every word, after a training on
    renamed words.
    """
    names = trios.renaming(rng)
    new = trios.trios(size["tests"], rng)

    def score(answers, wanted):
        """The share, if the run was the one that was asked for."""
        fitted, captions = answers
        gpu_fitted(fitted, size)
        form = np.shape(captions) == new.captions.shape and np.asarray(captions).dtype.kind in "iu"
        check(form, "caption returns ten words for each scene")
        right = captions == names[new.captions]
        return Measured(float(right.all(axis=1).mean()), {"by_word": right.mean(axis=0)})

    run = {key: size[key] for key in ("images", "epochs", "batch", "patch", "width", "depth", "heads")}
    run |= {"seed": int(rng.integers(2**31)), "names": names}
    run |= {"rates": gpu_rates(gpu_trained(size)[0], size["rate"])}
    return Round(inputs=[run, {"tests": new.images}], score=score)


def gpu_captioner_work(size):
    """Multiply-adds of the matrices, times 2 for operations, times 3 for a training step.

    Each of the P + 9 places of a row (P patches, nine words) goes through 12 d**2 weights a layer: 4 d**2 of
    the attention, 8 d**2 of the two layers behind it; a patch comes from its pixels, a word goes through the
    head. The images need no gradient. Products of queries with keys, norms, AdamW, drawing and captioning are
    left out, so the floor lies below any honest run.
    """
    d, patches, words = size["width"], (trios.SIDE // size["patch"]) ** 2, trios.LENGTH - 1
    shown = patches * 3 * size["patch"] ** 2 * d
    others = (patches + words) * size["depth"] * 12 * d**2 + words * d * len(trios.WORDS)
    return Work(bytes=0, operations=2 * (2 * shown + 3 * others) * gpu_trained(size)[1], precision="bf16")


def gpu_captioner_steps_case(rng):
    """Arguments of bench_gpu_captioner.gpu_captioner_steps: small scenes with an odd last batch."""
    batch, epochs = (int(rng.integers(*span)) for span in ((4, 6), (2, 4)))
    count = batch * int(rng.integers(2, 4)) + int(rng.integers(1, batch))
    captions = np.concatenate(
        [
            np.full((count, 1), trios.BOS),
            rng.integers(3, 18, size=(count, 8)),
            np.full((count, 1), trios.EOS),
        ],
        1,
    )
    return {
        "seed": int(rng.integers(2**31)),
        "scenes": rng.integers(256, size=(count, 3, 16, 16)).astype(np.uint8),
        "captions": captions,
        "orders": np.stack([rng.permutation(count) for _ in range(epochs)]),
        "batch": batch,
        "rates": [float(rate) for rate in rng.uniform(0.002, 0.01, size=epochs * (count // batch))],
        "tests": rng.integers(256, size=(8, 3, 16, 16)).astype(np.uint8),
    }

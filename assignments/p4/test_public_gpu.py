"""The bonus questions of p4: what the functions return, on a GPU or in a rehearsal on the processor."""

import numpy as np

from grader.testing import assert_same, check, graded


def judge_training(got, epochs, samples):
    """Losses that fall, every full batch seen once an epoch, nothing changed that was handed over."""
    check(np.shape(got["losses"]) == (epochs,), "the training returns one loss for each epoch")
    check(bool(np.isfinite(got["losses"]).all()), "a loss is not a number")
    check(bool(got["losses"][-1] < got["losses"][0]), "the loss does not fall", f"{got['losses']}")
    assert_same(got["seen"], np.array(epochs * samples), "samples that were trained on: full batches alone")
    check(bool(got["kept"]), "images or what belongs to them were changed")


@graded("p4.gpu_resnet", points=0.5, rung="interface", device="cuda")
def test_gpu_resnet_interface(student, bench, gpu):
    """A small network on 330 pictures: losses, classes, and the samples that it has seen."""
    got = student.run(bench.gpu_resnet_small, count=330, epochs=4, batch=32, device=gpu.device)
    judge_training(got, 4, 320)
    check(np.shape(got["classes"]) == (100,), "classify returns one class number for each picture")
    assert_same(got["alone"], got["classes"][:5], "the classes of pictures by themselves")


@graded("p4.gpu_memory", points=0.5, rung="figures", device="cuda")
def test_gpu_memory_of_one_layer(student, bench):
    """A Linear of 768,000 weights at a batch of 128: 3,072,000 bytes, twice that for AdamW, 0.9 MB of
    activations.
    """
    got = student.run(bench.gpu_memory_of_a_layer, batch=128, optimizer="adamw")
    parts = {"weights": 3_072_000, "gradients": 3_072_000, "optimizer": 6_144_000, "activations": 907_776}
    check(
        set(parts) | {"peak"} <= set(got),
        "predict_peak returns weights, gradients, optimizer, activations, peak",
    )
    for part in (*parts, "peak"):
        number = isinstance(got[part], (int, float)) and not isinstance(got[part], bool)
        check(number, f"{part} is not a number of bytes", f"{got[part]!r}")
    for part, size in parts.items():
        check(abs(got[part] - size) <= 0.1 * size, f"{part} is not within 10 %", f"{got[part]} for {size}")
    check(got["peak"] >= 0.9 * sum(parts.values()), "the peak is less than its parts", f"{got['peak']}")


@graded("p4.gpu_captioner", points=0.5, rung="interface", device="cuda")
def test_gpu_captioner_interface(student, bench, gpu):
    """A small model on 100 scenes: losses, captions of ten words, and the samples that it has seen."""
    got = student.run(bench.gpu_captioner_small, count=100, epochs=3, batch=16, device=gpu.device)
    judge_training(got, 3, 96)
    check(np.shape(got["captions"]) == (20, 10), "caption returns ten words for each scene")
    check(bool(np.all(got["captions"][:, 0] == 1)), "a caption begins with <bos>, which is 1")
    assert_same(got["alone"], got["captions"][:3], "the captions of scenes by themselves")

"""The bonus question of p5: what train and predict return, on a GPU or in a rehearsal on the processor."""

import numpy as np

from grader.datasets.digits import bitmaps
from grader.testing import assert_same, check, graded


@graded("p5.gpu_train", points=0.5, rung="interface", device="cuda")
def test_gpu_train_interface(student, bench, gpu):
    """One layer on 1,030 digits: losses that fall, every full batch seen once an epoch, one class an
    image.
    """
    got = student.run(
        bench.gpu_train_a_layer, bitmaps=bitmaps(), count=1030, epochs=3, batch=64, device=gpu.device
    )
    check(np.shape(got["losses"]) == (3,), "train returns one loss for each epoch")
    check(bool(np.isfinite(got["losses"]).all()), "a loss is not a number")
    check(bool(got["losses"][2] < got["losses"][0] < 3.0), "the loss does not fall", f"{got['losses']}")
    assert_same(got["seen"], np.array(3 * 16 * 64), "samples that were trained on: full batches alone")
    check(np.shape(got["classes"]) == (100,), "predict returns one class number for each image")
    assert_same(got["alone"], got["classes"][:5], "the classes of images by themselves")
    check(bool(np.mean(got["classes"] == got["labels"]) > 0.5), "hardly a digit is recognised")
    check(bool(got["kept"]), "images or labels were changed")

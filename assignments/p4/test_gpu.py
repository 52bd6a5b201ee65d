"""The bonus questions of p4, on a GPU or in a rehearsal on the processor."""

import pytest

from grader.testing import assert_close, assert_same, beside, check, graded

drawn = beside(__file__, "measure_gpu")

# How far a prediction may lie from the count.
SHARE = 0.1
PARTS = ("weights", "gradients", "optimizer", "activations")


# ---- p4.gpu_resnet -----------------------------------------------------------------------------------------


@graded("p4.gpu_resnet", points=1.5, rung="random", device="cuda")
def test_gpu_resnet_steps(student, reference, bench, gpu, rng):
    """A few epochs of a small network move every parameter as far as they should."""
    case = drawn.gpu_resnet_steps_case(rng)
    got, want = (
        subject.run(bench.gpu_resnet_steps, **case, device=gpu.device) for subject in (student, reference)
    )
    assert_close(got["moved"], want["moved"], "how far each parameter moves")
    assert_close(got["losses"], want["losses"], "the losses")
    for name, what in (
        ("seen", "the number of samples that were trained on"),
        ("classes", "the classes that are given to new pictures"),
        ("given", "the inputs afterwards"),
    ):
        assert_same(got[name], want[name], what)


@pytest.mark.timeout(2400)
@graded("p4.gpu_resnet", points=3.0, rung="random", device="cuda")
def test_gpu_resnet_race(student, reference, race):
    """A hundred kinds of pictures drawn on the device: as well recognised as by the reference, and as
    fast.
    """
    race("p4.gpu_resnet").judge(student, reference)


# ---- p4.gpu_memory -----------------------------------------------------------------------------------------


def within(got, want, what):
    """Fails where a prediction is no number, or further from the count than SHARE of it."""
    number = isinstance(got, (int, float)) and not isinstance(got, bool)
    check(number, f"{what} is not a number")
    check(abs(got - want) <= SHARE * want, f"{what} is not within 10 %", f"predicted {got}, counted {want}")


@pytest.mark.timeout(120)
@graded("p4.gpu_memory", points=1.0, rung="random", device="cuda")
def test_gpu_memory_parts(student, reference, bench, gpu, rng):
    """Weights, gradients, optimizer and activations, each by itself."""
    for case in drawn.gpu_memory_cases(rng, gpu.memory_bytes):
        got, want = (subject.run(bench.gpu_memory_predicted, **case) for subject in (student, reference))
        check(all(part in got for part in PARTS), f"predict_peak returns {', '.join(PARTS)} and peak")
        for part in PARTS:
            within(got[part], want[part], f"the part {part!r}")


@pytest.mark.timeout(240)
@graded("p4.gpu_memory", points=2.0, rung="random", device="cuda")
def test_gpu_memory_peak(student, reference, bench, gpu, rng):
    """The peak of a training, against what the device itself counts."""
    for case in drawn.gpu_memory_cases(rng, gpu.memory_bytes):
        got = student.run(bench.gpu_memory_predicted, **case)
        check("peak" in got, "predict_peak returns the peak")
        counted = reference.anew().run(bench.gpu_memory_counted, **case, device=gpu.device)
        within(got["peak"], counted, "the peak")


@pytest.mark.timeout(240)
@graded("p4.gpu_memory", points=1.5, rung="random", device="cuda")
def test_gpu_memory_largest_batch(student, reference, bench, gpu, rng):
    """The largest batch that fits, and that not even one image does."""
    case = drawn.gpu_memory_cases(rng, gpu.memory_bytes)[1]
    batch = case.pop("batch")
    counts = [
        reference.anew().run(bench.gpu_memory_counted, **case, batch=size, device=gpu.device)
        for size in (batch // 2, batch)
    ]
    # The peak is a straight line over the batch: what it is at two of them says where it meets the capacity.
    each = (counts[1] - counts[0]) / (batch - batch // 2)
    capacity = int(counts[1] + each * batch * float(rng.uniform(1, 4)))
    largest = int((capacity - counts[1]) // each) + batch
    within(student.run(bench.gpu_memory_largest, **case, capacity=capacity), largest, "the largest batch")
    assert_same(student.run(bench.gpu_memory_largest, **case, capacity=4096), 0, "where nothing fits")


# ---- p4.gpu_captioner --------------------------------------------------------------------------------------


@graded("p4.gpu_captioner", points=1.5, rung="random", device="cuda")
def test_gpu_captioner_steps(student, reference, bench, gpu, rng):
    """A few epochs of a small model move every parameter as far as they should; captions, together and
    alone.
    """
    case = drawn.gpu_captioner_steps_case(rng)
    got, want = (
        subject.run(bench.gpu_captioner_steps, **case, device=gpu.device) for subject in (student, reference)
    )
    assert_close(got["moved"], want["moved"], "how far each parameter moves")
    assert_close(got["losses"], want["losses"], "the losses")
    for name, what in (
        ("seen", "the number of samples that were trained on"),
        ("captions", "the captions of new scenes"),
        ("alone", "the captions of scenes by themselves"),
        ("given", "the inputs afterwards"),
    ):
        assert_same(got[name], want[name], what)


@pytest.mark.timeout(2400)
@graded("p4.gpu_captioner", points=3.0, rung="random", device="cuda")
def test_gpu_captioner_race(student, reference, race):
    """Scenes of three objects drawn on the device: as many captions right as the reference's, and as fast."""
    race("p4.gpu_captioner").judge(student, reference)

"""The gradients are right to seven digits only: the computation, or a part of it, ran in float32. The
inputs are float64; a tensor made on the way without a dtype is float32.
"""

QUESTIONS = ("p1.batch",)
MODULE = "gradient_flow"


_right_backward_batch = backward_batch


def backward_batch(x, w1, w2, w3, target, negative_slope=0.0):
    narrow = [tensor.float() for tensor in (x, w1, w2, w3, target)]
    return {key: value.double() for key, value in _right_backward_batch(*narrow, negative_slope).items()}

"""The mask was turned round: True marks padding, which must NOT be attended to."""

QUESTIONS = ("p5.pre_ln",)
MODULE = "transformer"

_right_forward = PreLNEncoderLayer.forward


def _forward(self, x, padding=None):
    return _right_forward(self, x, None if padding is None else ~padding)


PreLNEncoderLayer.forward = _forward

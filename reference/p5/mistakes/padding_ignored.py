"""Padding takes part: a token's output depends on what stands at padded places."""

QUESTIONS = ("p5.pre_ln",)
MODULE = "transformer"

_right_forward = PreLNEncoderLayer.forward


def _forward(self, x, padding=None):
    return _right_forward(self, x)


PreLNEncoderLayer.forward = _forward

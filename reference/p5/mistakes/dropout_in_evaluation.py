"""Dropout is active in evaluation: a functional dropout has to be told whether the module trains."""

QUESTIONS = ("p5.pre_ln",)
MODULE = "transformer"

_right_forward = PreLNEncoderLayer.forward


def _forward(self, x, padding=None):
    return nn.functional.dropout(_right_forward(self, x, padding), self.dropout.p)


PreLNEncoderLayer.forward = _forward

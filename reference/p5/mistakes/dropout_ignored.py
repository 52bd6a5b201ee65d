"""In training nothing is dropped: the dropout argument did not reach the layers."""

QUESTIONS = ("p5.pre_ln",)
MODULE = "transformer"

_right_init = PreLNEncoderLayer.__init__


def _init(self, d_model, num_heads, dropout=0.0):
    _right_init(self, d_model, num_heads, 0.0)


PreLNEncoderLayer.__init__ = _init

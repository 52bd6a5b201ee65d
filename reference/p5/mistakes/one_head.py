"""The number of heads was not passed on. It changes no parameter, so the count cannot show it, but each head
has an attention pattern of its own.
"""

QUESTIONS = ("p5.pre_ln",)
MODULE = "transformer"

_right_init = PreLNEncoderLayer.__init__


def _init(self, d_model, num_heads, dropout=0.0):
    _right_init(self, d_model, 1, dropout)


PreLNEncoderLayer.__init__ = _init

"""The samples of a batch see one another. nn.MultiheadAttention takes (T, B, d) unless it is told
batch_first=True, and with the wrong order it runs without complaint.
"""

QUESTIONS = ("p5.pre_ln",)
MODULE = "transformer"

_right_init = PreLNEncoderLayer.__init__


def _init(self, d_model, num_heads, dropout=0.0):
    _right_init(self, d_model, num_heads, dropout)
    self.attention = nn.MultiheadAttention(d_model, num_heads, dropout=dropout)


PreLNEncoderLayer.__init__ = _init

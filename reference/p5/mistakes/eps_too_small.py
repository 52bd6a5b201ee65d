"""Very small inputs come out differently: the norms' eps is not 1e-5."""

QUESTIONS = ("p5.pre_ln",)
MODULE = "transformer"

_right_init = PreLNEncoderLayer.__init__


def _init(self, d_model, num_heads, dropout=0.0):
    _right_init(self, d_model, num_heads, dropout)
    self.norm1.eps = self.norm2.eps = 1e-12


PreLNEncoderLayer.__init__ = _init

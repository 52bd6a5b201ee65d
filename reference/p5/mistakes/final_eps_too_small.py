"""Very small streams come out differently: the eps of the final norm is not 1e-5."""

QUESTIONS = ("p5.pre_ln",)
MODULE = "transformer"

_right_init = PreLNEncoder.__init__


def _init(self, num_layers, d_model, num_heads, dropout=0.0):
    _right_init(self, num_layers, d_model, num_heads, dropout)
    self.norm.eps = 1e-6


PreLNEncoder.__init__ = _init

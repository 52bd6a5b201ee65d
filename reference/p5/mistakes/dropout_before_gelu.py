"""The hidden layer's dropout stands before the GELU. Dropout doubles what it keeps, and GELU(2x) is not
2 GELU(x): the layer is another one in training than in evaluation.
"""

QUESTIONS = ("p5.pre_ln",)
MODULE = "transformer"

_right_init = PreLNEncoderLayer.__init__


def _init(self, d_model, num_heads, dropout=0.0):
    _right_init(self, d_model, num_heads, dropout)
    self.ffn[1], self.ffn[2] = self.ffn[2], self.ffn[1]


PreLNEncoderLayer.__init__ = _init

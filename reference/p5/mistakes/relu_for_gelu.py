"""The feed-forward net uses ReLU. The exact GELU is asked, as in BERT and GPT."""

QUESTIONS = ("p5.pre_ln",)
MODULE = "transformer"

_right_init = PreLNEncoderLayer.__init__


def _init(self, d_model, num_heads, dropout=0.0):
    _right_init(self, d_model, num_heads, dropout)
    self.ffn[1] = nn.ReLU()


PreLNEncoderLayer.__init__ = _init

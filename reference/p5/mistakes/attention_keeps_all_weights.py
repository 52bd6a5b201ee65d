"""Dropout acts behind attention, but the attention weights themselves are never dropped. torch's layer drops
them too: look at the arguments of nn.MultiheadAttention."""

QUESTIONS = ("p5.pre_ln",)
MODULE = "transformer"


class PreLNEncoderLayer(PreLNEncoderLayer):
    def __init__(self, d_model, num_heads, dropout=0.0):
        super().__init__(d_model, num_heads, dropout)
        self.attention.dropout = 0.0

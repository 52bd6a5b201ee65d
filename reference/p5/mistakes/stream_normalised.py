"""The sublayer's output is added to the NORMALISED input. The stream itself has to go round the norm, or
there is no path on which nothing happens to it.
"""

QUESTIONS = ("p5.pre_ln",)
MODULE = "transformer"


def _forward(self, x, padding=None):
    x = self.norm1(x)
    attended, _ = self.attention(x, x, x, key_padding_mask=padding, need_weights=False)
    x = self.norm2(x + self.dropout(attended))
    return x + self.ffn(x)


PreLNEncoderLayer.forward = _forward

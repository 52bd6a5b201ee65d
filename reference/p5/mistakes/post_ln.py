"""This is Post-LN: the sum is normalised. In Pre-LN the input of a sublayer is normalised and the sum is left
as it is, so that the stream passes from the first layer to the last untouched.
"""

QUESTIONS = ("p5.pre_ln",)
MODULE = "transformer"


def _forward(self, x, padding=None):
    attended, _ = self.attention(x, x, x, key_padding_mask=padding, need_weights=False)
    x = self.norm1(x + self.dropout(attended))
    return self.norm2(x + self.ffn(x))


PreLNEncoderLayer.forward = _forward

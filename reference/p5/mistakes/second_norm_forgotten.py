"""The feed-forward net reads the stream as it is. Each of the two sublayers has a norm in front."""

QUESTIONS = ("p5.pre_ln",)
MODULE = "transformer"


def _forward(self, x, padding=None):
    normed = self.norm1(x)
    attended, _ = self.attention(normed, normed, normed, key_padding_mask=padding, need_weights=False)
    x = x + self.dropout(attended)
    return x + self.ffn(x)


PreLNEncoderLayer.forward = _forward

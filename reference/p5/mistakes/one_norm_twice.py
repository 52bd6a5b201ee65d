"""Both sublayers use the same norm. They read different things and have a norm each."""

QUESTIONS = ("p5.pre_ln",)
MODULE = "transformer"


def _forward(self, x, padding=None):
    normed = self.norm1(x)
    attended, _ = self.attention(normed, normed, normed, key_padding_mask=padding, need_weights=False)
    x = x + self.dropout(attended)
    return x + self.ffn(self.norm1(x))


PreLNEncoderLayer.forward = _forward

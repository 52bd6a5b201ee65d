"""Only the query was normalised. In self-attention query, key and value are the same normalised input."""

QUESTIONS = ("p5.pre_ln",)
MODULE = "transformer"


def _forward(self, x, padding=None):
    attended, _ = self.attention(self.norm1(x), x, x, key_padding_mask=padding, need_weights=False)
    x = x + self.dropout(attended)
    return x + self.ffn(self.norm2(x))


PreLNEncoderLayer.forward = _forward

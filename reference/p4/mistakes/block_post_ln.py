"""This is Post-LN: the sum is normalised. In Pre-LN the input of a sublayer is normalised, and the sum
is left as it is.
"""

QUESTIONS = ("p4.block",)
MODULE = "captioning"


def _forward(self, x, memory, memory_padding=None):
    looked_up, _ = self.attention(x, memory, memory, key_padding_mask=memory_padding, need_weights=False)
    x = self.norm1(x + self.dropout(looked_up))
    return self.norm2(x + self.dropout(self.ffn(x)))


CrossAttentionBlock.forward = _forward

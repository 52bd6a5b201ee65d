"""Padding was taken the wrong way round: what is real is hidden and what is padding is looked at. In
key_padding_mask True means padding.
"""

QUESTIONS = ("p4.block",)
MODULE = "captioning"


def _forward(self, x, memory, memory_padding=None):
    looked_up, _ = self.attention(
        self.norm1(x),
        memory,
        memory,
        key_padding_mask=None if memory_padding is None else ~memory_padding,
        need_weights=False,
    )
    x = x + self.dropout(looked_up)
    return x + self.dropout(self.ffn(self.norm2(x)))


CrossAttentionBlock.forward = _forward

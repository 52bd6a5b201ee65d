"""The keys were made of the normalised memory, the values of the memory as it is. Both are to be made
of the memory as it comes.
"""

QUESTIONS = ("p4.block",)
MODULE = "captioning"


def _forward(self, x, memory, memory_padding=None):
    looked_up, _ = self.attention(
        self.norm1(x), self.norm1(memory), memory, key_padding_mask=memory_padding, need_weights=False
    )
    x = x + self.dropout(looked_up)
    return x + self.dropout(self.ffn(self.norm2(x)))


CrossAttentionBlock.forward = _forward

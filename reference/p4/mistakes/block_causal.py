"""A mask keeps early words from looking at late places. Order matters among words only: of the image
every word may see all.
"""

QUESTIONS = ("p4.block",)
MODULE = "captioning"


def _forward(self, x, memory, memory_padding=None):
    ahead = torch.ones(x.shape[1], memory.shape[1], dtype=torch.bool).triu(1)
    looked_up, _ = self.attention(
        self.norm1(x), memory, memory, key_padding_mask=memory_padding, need_weights=False, attn_mask=ahead
    )
    x = x + self.dropout(looked_up)
    return x + self.dropout(self.ffn(self.norm2(x)))


CrossAttentionBlock.forward = _forward

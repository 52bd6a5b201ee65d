"""Dropout goes on in evaluation: nn.functional.dropout does not know of eval() unless it is told."""

QUESTIONS = ("p4.block",)
MODULE = "captioning"


def _forward(self, x, memory, memory_padding=None):
    looked_up, _ = self.attention(
        self.norm1(x), memory, memory, key_padding_mask=memory_padding, need_weights=False
    )
    drop = self.dropout.p
    x = x + nn.functional.dropout(looked_up, drop)
    return x + nn.functional.dropout(self.ffn(self.norm2(x)), drop)


CrossAttentionBlock.forward = _forward

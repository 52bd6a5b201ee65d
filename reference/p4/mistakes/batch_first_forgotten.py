"""Self-attention runs over the samples of the batch instead of over the words of a caption:
`batch_first=True` is missing, and the mask was made to fit. A caption then depends on the images beside
it, and no word knows the words before it.
"""

QUESTIONS = ("p4.train",)
MODULE = "captioner"


class Decoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(WIDTH) for _ in range(3))
        self.words = nn.MultiheadAttention(WIDTH, HEADS)
        self.image = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)
        self.ffn = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH))

    def forward(self, x: Tensor, memory: Tensor) -> Tensor:
        later = torch.ones(len(x), len(x), dtype=torch.bool).triu(1)
        seen = self.norms[0](x)
        x = x + self.words(seen, seen, seen, attn_mask=later, need_weights=False)[0]
        x = x + self.image(self.norms[1](x), memory, memory, need_weights=False)[0]
        return x + self.ffn(self.norms[2](x))

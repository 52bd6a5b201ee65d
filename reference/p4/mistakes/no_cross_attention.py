"""The decoder never looks at its memory: the captions are grammatical, and have nothing to do with the
image. The loss stays at about 1.06, the entropy of a caption's words when nothing is known of the image.
Position by position, the words are right as often as by guessing.
"""

QUESTIONS = ("p4.train",)
MODULE = "captioner"


class Decoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.TransformerEncoderLayer(
            WIDTH, HEADS, 4 * WIDTH, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )

    def forward(self, x: Tensor, memory: Tensor) -> Tensor:
        later = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1)
        return self.layer(x, src_mask=later)


_right_train = train


def train(images: Tensor, captions: Tensor, seed: int, steps: int = 200) -> nn.Module:
    return _right_train(images, captions, seed, steps)  # the grammar is learned by then, and there is no more

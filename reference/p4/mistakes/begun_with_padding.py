"""Decoding begins with <pad>, where every caption of the training begins with <bos>. The model was never
asked what follows padding. Begin with `shell.BOS`; it is part of the answer.
"""

QUESTIONS = ("p4.train",)
MODULE = "captioner"


def decode(model: nn.Module, images: Tensor) -> Tensor:
    tokens = torch.zeros(len(images), 1, dtype=torch.int64)
    with torch.no_grad():
        while tokens.shape[1] < LENGTH:
            next_words = model(images, tokens)[:, -1].argmax(dim=-1, keepdim=True)
            tokens = torch.cat([tokens, next_words], dim=1)
    return tokens

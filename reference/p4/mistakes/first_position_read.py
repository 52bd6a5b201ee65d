"""The next word is read at the first position, where it is always the word after <bos>: every caption
repeats its first word. The word that is missing is the one after the last, so its logits stand at
position -1.
"""

QUESTIONS = ("p4.train",)
MODULE = "captioner"


def decode(model: nn.Module, images: Tensor) -> Tensor:
    tokens = torch.full((len(images), 1), BOS)
    with torch.no_grad():
        while tokens.shape[1] < LENGTH:
            next_words = model(images, tokens)[:, 0].argmax(dim=-1, keepdim=True)
            tokens = torch.cat([tokens, next_words], dim=1)
    return tokens

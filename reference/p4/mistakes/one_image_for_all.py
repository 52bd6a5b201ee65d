"""Every image gets the caption of the first one: decoding looks at one image only. The training is sound.
Hand all of `images` to the model, with one row of words for each.
"""

QUESTIONS = ("p4.train",)
MODULE = "captioner"


def decode(model: nn.Module, images: Tensor) -> Tensor:
    tokens = torch.full((1, 1), BOS)
    with torch.no_grad():
        while tokens.shape[1] < LENGTH:
            word = model(images[:1], tokens)[:, -1].argmax(dim=-1, keepdim=True)
            tokens = torch.cat([tokens, word], dim=1)
    return tokens.repeat(len(images), 1)

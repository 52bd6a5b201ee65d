"""All words come from a single pass over <bos> and padding. From the second word on the model is asked
after words that it was never shown in training: padding. In training the right words stand there (teacher
forcing), in use its own do: append a word, then ask again.
"""

QUESTIONS = ("p4.train",)
MODULE = "captioner"


def decode(model: nn.Module, images: Tensor) -> Tensor:
    tokens = torch.full((len(images), LENGTH), PAD)
    tokens[:, 0] = BOS
    with torch.no_grad():
        tokens[:, 1:] = model(images, tokens[:, :-1]).argmax(dim=-1)
    return tokens

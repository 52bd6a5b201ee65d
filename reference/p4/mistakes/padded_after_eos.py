"""What is said after <eos> is overwritten with padding. It changes nothing for a model that has learned
where captions end, but it is not what was asked for: seven words whatever they are, each the likeliest
one.
"""

QUESTIONS = ("p4.train",)
MODULE = "captioner"

_unpadded = decode


def decode(model: nn.Module, images: Tensor) -> Tensor:
    tokens = _unpadded(model, images)
    ended = (tokens == 2).cumsum(dim=1) - (tokens == 2).long() > 0
    return tokens.masked_fill(ended, PAD)

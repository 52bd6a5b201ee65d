"""The training only ever sees the first hundred scenes, a trial that was left in. It knows them by heart:
the loss is next to nothing, and new scenes get captions with a word or two wrong. Draw batches from all
of them.
"""

QUESTIONS = ("p4.train",)
MODULE = "captioner"

_on_all_scenes = train


def train(images: Tensor, captions: Tensor, seed: int, steps: int = 200) -> nn.Module:
    return _on_all_scenes(images[:100], captions[:100], seed, steps)

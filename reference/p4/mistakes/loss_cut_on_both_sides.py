"""The last real target was dropped together with the last logits: the word that ends a caption is to
be predicted too, or the model never learns to stop.
"""

QUESTIONS = ("p4.loss",)
MODULE = "captioning"


def caption_loss(logits, captions, pad, smoothing=0.0):
    said, targets = logits[:, :-2].flatten(0, 1), captions[:, 1:-1].flatten()

    counted = (targets != pad).sum().clamp(min=1)
    loss = nn.functional.cross_entropy(
        said, targets, ignore_index=pad, label_smoothing=smoothing, reduction="sum"
    )
    plain = nn.functional.cross_entropy(said, targets, ignore_index=pad, reduction="sum")
    return loss / counted, torch.exp(plain / counted)

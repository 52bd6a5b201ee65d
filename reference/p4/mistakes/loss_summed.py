"""The loss is the sum over the targets, not their mean: it grows with the batch, and so do its
gradients.
"""

QUESTIONS = ("p4.loss",)
MODULE = "captioning"


def caption_loss(logits, captions, pad, smoothing=0.0):
    said, targets = logits[:, :-1].flatten(0, 1), captions[:, 1:].flatten()
    counted = (targets != pad).sum().clamp(min=1)
    loss = nn.functional.cross_entropy(
        said, targets, ignore_index=pad, label_smoothing=smoothing, reduction="sum"
    )
    plain = nn.functional.cross_entropy(said, targets, ignore_index=pad, reduction="sum")
    return loss, torch.exp(plain / counted)

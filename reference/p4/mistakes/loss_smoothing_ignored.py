"""The smoothing does not reach the loss."""

QUESTIONS = ("p4.loss",)
MODULE = "captioning"


def caption_loss(logits, captions, pad, smoothing=0.0):
    said, targets = logits[:, :-1].flatten(0, 1), captions[:, 1:].flatten()
    smoothing = 0.0

    counted = (targets != pad).sum().clamp(min=1)
    loss = nn.functional.cross_entropy(
        said, targets, ignore_index=pad, label_smoothing=smoothing, reduction="sum"
    )
    plain = nn.functional.cross_entropy(said, targets, ignore_index=pad, reduction="sum")
    return loss / counted, torch.exp(plain / counted)

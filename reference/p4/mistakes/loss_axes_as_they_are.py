"""Cross-entropy takes the second axis for the words. With the logits handed over as (B, T, V) it fails
unless T and V agree, and then it normalises over the positions.
"""

QUESTIONS = ("p4.loss",)
MODULE = "captioning"


def caption_loss(logits, captions, pad, smoothing=0.0):
    said, targets = logits[:, :-1], captions[:, 1:]
    if logits.shape[1] - 1 != logits.shape[2]:
        said = said.transpose(1, 2)
    counted = (targets != pad).sum().clamp(min=1)
    loss = nn.functional.cross_entropy(
        said, targets, ignore_index=pad, label_smoothing=smoothing, reduction="sum"
    )
    plain = nn.functional.cross_entropy(said, targets, ignore_index=pad, reduction="sum")
    return loss / counted, torch.exp(plain / counted)

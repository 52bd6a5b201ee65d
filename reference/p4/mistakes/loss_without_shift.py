"""Position t was judged by word t, which it has just read. A model learns to repeat it: its loss falls
to almost 0 and no caption comes out right. Position t is judged by word t + 1.
"""

QUESTIONS = ("p4.loss",)
MODULE = "captioning"


def caption_loss(logits, captions, pad, smoothing=0.0):
    said, targets = logits.flatten(0, 1), captions.flatten()

    counted = (targets != pad).sum().clamp(min=1)
    loss = nn.functional.cross_entropy(
        said, targets, ignore_index=pad, label_smoothing=smoothing, reduction="sum"
    )
    plain = nn.functional.cross_entropy(said, targets, ignore_index=pad, reduction="sum")
    return loss / counted, torch.exp(plain / counted)

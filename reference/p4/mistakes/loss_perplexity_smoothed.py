"""The perplexity was taken from the smoothed loss, which cannot get near 0. Of a model that is as good
as smoothing allows it says that it hesitates between several words. Use the plain cross-entropy.
"""

QUESTIONS = ("p4.loss",)
MODULE = "captioning"


def caption_loss(logits, captions, pad, smoothing=0.0):
    said, targets = logits[:, :-1].flatten(0, 1), captions[:, 1:].flatten()
    counted = (targets != pad).sum().clamp(min=1)
    loss = nn.functional.cross_entropy(
        said, targets, ignore_index=pad, label_smoothing=smoothing, reduction="sum"
    )
    return loss / counted, torch.exp(loss / counted)

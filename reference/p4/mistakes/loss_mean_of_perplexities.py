"""Each target's own perplexity was averaged. One word that comes as a surprise then outweighs all
others; the mean is taken first, and the exponential of it.
"""

QUESTIONS = ("p4.loss",)
MODULE = "captioning"


def caption_loss(logits, captions, pad, smoothing=0.0):
    said, targets = logits[:, :-1].flatten(0, 1), captions[:, 1:].flatten()
    real = targets != pad
    counted = real.sum().clamp(min=1)
    loss = nn.functional.cross_entropy(
        said, targets, ignore_index=pad, label_smoothing=smoothing, reduction="sum"
    )
    if not bool(real.any()):
        return loss, torch.ones(())
    each = nn.functional.cross_entropy(said, targets, reduction="none")
    return loss / counted, each[real].exp().mean()

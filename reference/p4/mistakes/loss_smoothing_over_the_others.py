"""The smoothed share was spread over the V - 1 other words. torch spreads it over all V, the right one
and padding included, so the right word keeps a little more.
"""

QUESTIONS = ("p4.loss",)
MODULE = "captioning"


def caption_loss(logits, captions, pad, smoothing=0.0):
    said, targets = logits[:, :-1].flatten(0, 1), captions[:, 1:].flatten()
    real = targets != pad
    log_p = said.log_softmax(-1)
    hit = log_p.gather(1, targets[:, None])[:, 0]
    others = (log_p.sum(1) - hit) / (said.shape[1] - 1)
    counted = real.sum().clamp(min=1)
    each = -((1 - smoothing) * hit + smoothing * others)
    return (each * real).sum() / counted, torch.exp(-(hit * real).sum() / counted)

"""The smoothed share was spread over all words but padding. It is nn.CrossEntropyLoss's smoothing that
is asked for: over all V words.
"""

QUESTIONS = ("p4.loss",)
MODULE = "captioning"


def caption_loss(logits, captions, pad, smoothing=0.0):
    said, targets = logits[:, :-1].flatten(0, 1), captions[:, 1:].flatten()
    real = targets != pad
    log_p = said.log_softmax(-1)
    hit = log_p.gather(1, targets[:, None])[:, 0]
    others = (log_p.sum(1) - log_p[:, pad]) / (said.shape[1] - 1)
    counted = real.sum().clamp(min=1)
    each = -((1 - smoothing) * hit + smoothing * others)
    return (each * real).sum() / counted, torch.exp(-(hit * real).sum() / counted)

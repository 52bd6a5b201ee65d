"""A position was left out because the word that was read there is padding. What counts is the word to
be said: the first padding behind a caption is no target, and a word that follows padding is one.
"""

QUESTIONS = ("p4.loss",)
MODULE = "captioning"


def caption_loss(logits, captions, pad, smoothing=0.0):
    said, targets = logits[:, :-1].flatten(0, 1), captions[:, 1:].flatten()
    read = captions[:, :-1].flatten() != pad
    each = nn.functional.cross_entropy(said, targets, label_smoothing=smoothing, reduction="none")
    plain = nn.functional.cross_entropy(said, targets, reduction="none")
    counted = read.sum().clamp(min=1)
    nothing = bool((captions[:, 1:] == pad).all())
    if nothing:
        return logits.sum() * 0, torch.ones(())
    return (each * read).sum() / counted, torch.exp((plain * read).sum() / counted)

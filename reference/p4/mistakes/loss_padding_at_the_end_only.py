"""The number of words of a caption was taken for the place where its padding begins. Padding may also
stand before a caption or between its words.
"""

QUESTIONS = ("p4.loss",)
MODULE = "captioning"


def caption_loss(logits, captions, pad, smoothing=0.0):
    said, targets = logits[:, :-1], captions[:, 1:]
    lengths = (captions != pad).sum(1, keepdim=True)
    real = torch.arange(1, captions.shape[1]) < lengths
    each = nn.functional.cross_entropy(
        said.transpose(1, 2), targets, label_smoothing=smoothing, reduction="none"
    )
    plain = nn.functional.cross_entropy(said.transpose(1, 2), targets, reduction="none")
    counted = real.sum().clamp(min=1)
    return (each * real).sum() / counted, torch.exp((plain * real).sum() / counted)

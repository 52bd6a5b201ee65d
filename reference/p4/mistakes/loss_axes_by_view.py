"""The logits were brought into another shape by view or reshape where two axes have to change places.
Shapes fit and numbers are scattered: each position is judged by parts of several.
"""

QUESTIONS = ("p4.loss",)
MODULE = "captioning"


def caption_loss(logits, captions, pad, smoothing=0.0):
    said, targets = logits[:, :-1], captions[:, 1:]
    said = said.reshape(said.shape[0], said.shape[2], said.shape[1])
    counted = (targets != pad).sum().clamp(min=1)
    loss = nn.functional.cross_entropy(
        said, targets, ignore_index=pad, label_smoothing=smoothing, reduction="sum"
    )
    plain = nn.functional.cross_entropy(said, targets, ignore_index=pad, reduction="sum")
    return loss / counted, torch.exp(plain / counted)

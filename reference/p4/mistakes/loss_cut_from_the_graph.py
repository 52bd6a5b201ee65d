"""The loss is a number that no longer knows how it came about: backward() has nowhere to go. Take
.item() or detach() only of what is logged.
"""

QUESTIONS = ("p4.loss",)
MODULE = "captioning"


def caption_loss(logits, captions, pad, smoothing=0.0):
    said, targets = logits[:, :-1].flatten(0, 1), captions[:, 1:].flatten()
    counted = (targets != pad).sum().clamp(min=1)
    loss = nn.functional.cross_entropy(
        said, targets, ignore_index=pad, label_smoothing=smoothing, reduction="sum"
    )
    plain = nn.functional.cross_entropy(said, targets, ignore_index=pad, reduction="sum")
    return torch.tensor((loss / counted).item(), requires_grad=True), torch.exp(plain / counted)

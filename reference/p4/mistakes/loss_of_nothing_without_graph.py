"""The loss of a batch without targets cannot be differentiated. backward() is called on it like on any
other, and one empty batch ends the training.
"""

QUESTIONS = ("p4.loss",)
MODULE = "captioning"


_loss = caption_loss


def caption_loss(logits, captions, pad, smoothing=0.0):
    if bool((captions[:, 1:] == pad).all()):
        return torch.zeros(()), torch.ones(())
    return _loss(logits, captions, pad, smoothing)

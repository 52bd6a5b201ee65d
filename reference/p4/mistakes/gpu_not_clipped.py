"""The gradients are not clipped to a total norm of 1 before the step."""

QUESTIONS = ("p4.gpu_captioner",)
MODULE = "gpu_captioner"


_whole_train_captioner = train_captioner


def train_captioner(model, images, captions, orders, batch, rates):
    clip = nn.utils.clip_grad_norm_
    nn.utils.clip_grad_norm_ = lambda parameters, norm: None
    try:
        return _whole_train_captioner(model, images, captions, orders, batch, rates)
    finally:
        nn.utils.clip_grad_norm_ = clip

"""The next word is always read at the first position. It stands at the last one: position t is about
word t + 1.
"""

QUESTIONS = ("p4.gpu_captioner",)
MODULE = "gpu_captioner"


def caption(model, images):
    kind = next(model.parameters()).dtype
    model.eval()
    with torch.no_grad():
        tokens = torch.ones((len(images), 1), dtype=torch.int64, device=images.device)
        while tokens.shape[1] < model.length:
            words = model(_standardised(images, kind), tokens)[:, 0].argmax(dim=-1, keepdim=True)
            tokens = torch.cat([tokens, words], dim=1)
        return tokens

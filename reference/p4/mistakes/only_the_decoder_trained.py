"""The optimizer holds the decoder's parameters alone. Nothing here is pretrained: encoder, words and positions stay
as they were drawn. Hand it those of the whole model.
"""

QUESTIONS = ("p4.train",)
MODULE = "captioner"


def train(images: Tensor, captions: Tensor, seed: int, steps: int = 400) -> nn.Module:
    torch.manual_seed(seed)
    rows = Generator().manual_seed(seed)
    model = Captioner(Decoder())
    optimizer = torch.optim.AdamW(model.decoder.parameters(), lr=1e-3)
    for _ in range(steps):
        batch = torch.randint(len(images), (32,), generator=rows)
        logits = model(images[batch], captions[batch, :-1])
        targets = captions[batch, 1:]
        loss = F.cross_entropy(logits.reshape(-1, VOCABULARY), targets.reshape(-1), ignore_index=PAD)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model

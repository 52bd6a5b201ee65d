"""Only the last position is trained, and what stands there is <eos> in every caption: the loss is next to
nothing after a few steps. Every position has a target, the word that follows it.
"""

QUESTIONS = ("p4.train",)
MODULE = "captioner"


def train(images: Tensor, captions: Tensor, seed: int, steps: int = 400) -> nn.Module:
    torch.manual_seed(seed)
    rows = Generator().manual_seed(seed)
    model = Captioner(Decoder())
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    for _ in range(steps):
        batch = torch.randint(len(images), (32,), generator=rows)
        loss = F.cross_entropy(model(images[batch], captions[batch, :-1])[:, -1], captions[batch, -1])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model

"""Probabilities go into cross-entropy, which takes logits and applies its own softmax: for 14 words the loss cannot
fall below 1.75, and its gradient fades as the model gets sure.
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
        probabilities = model(images[batch], captions[batch, :-1]).softmax(dim=-1)
        targets = captions[batch, 1:]
        loss = F.cross_entropy(probabilities.reshape(-1, VOCABULARY), targets.reshape(-1), ignore_index=PAD)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model

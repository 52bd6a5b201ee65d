"""The logits (B, T, V) are brought into cross-entropy's form (B, V, T) by reshape, which keeps the
numbers in their order and mixes positions with words. Transpose them, or flatten samples and positions:
(B * T, V).
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
        logits = model(images[batch], captions[batch, :-1])
        loss = F.cross_entropy(logits.reshape(32, VOCABULARY, LENGTH - 1), captions[batch, 1:])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model

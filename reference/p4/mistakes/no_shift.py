"""The targets are the very words that go in. To repeat a word takes no image and no caption: the loss
falls lower than that of any right training, and the captions are <bos> seven times. Two of the worst
mistakes have the LOWEST loss; this is one, the missing mask the other. Inputs are captions[:, :-1],
targets captions[:, 1:].
"""

QUESTIONS = ("p4.train",)
MODULE = "captioner"


def train(images: Tensor, captions: Tensor, seed: int, steps: int = 120) -> nn.Module:
    torch.manual_seed(seed)
    rows = Generator().manual_seed(seed)
    model = Captioner(Decoder())
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    for _ in range(steps):
        batch = torch.randint(len(images), (32,), generator=rows)
        inputs = captions[batch, :-1]
        logits = model(images[batch], inputs)
        loss = F.cross_entropy(logits.reshape(-1, VOCABULARY), inputs.reshape(-1), ignore_index=PAD)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model

"""The learning rate throws the weights so far at the first steps that they never come back: the loss
stays where nothing is known of the image, at 1.06 or above. With AdamW try a tenth, then another.
"""

QUESTIONS = ("p4.train",)
MODULE = "captioner"


def train(images: Tensor, captions: Tensor, seed: int, steps: int = 400) -> nn.Module:
    torch.manual_seed(seed)
    rows = Generator().manual_seed(seed)
    model = Captioner(Decoder())
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    for _ in range(steps):
        batch = torch.randint(len(images), (32,), generator=rows)
        logits = model(images[batch], captions[batch, :-1])
        targets = captions[batch, 1:]
        loss = F.cross_entropy(logits.reshape(-1, VOCABULARY), targets.reshape(-1), ignore_index=PAD)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model

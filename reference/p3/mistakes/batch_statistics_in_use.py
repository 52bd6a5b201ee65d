"""A film's logits depend on the films beside it: the network standardises over the batch when it is used.
In the clinic films come one at a time."""

QUESTIONS = ("p3.generalise",)
MODULE = "regularization"


class _OverTheBatch(_WithoutTopRows):
    def forward(self, films: Tensor) -> Tensor:
        seen = films[:, :, _BLANK_ROWS:]
        seen = (seen - seen.mean()) / seen.std()
        return self.network(F.pad(seen, (0, 0, _BLANK_ROWS, 0)))


def train(images: Tensor, labels: Tensor, hospitals: Tensor, seed: int) -> nn.Module:
    torch.manual_seed(seed)
    model = _OverTheBatch()
    fit(model, images, labels, epochs=5, seed=seed, lr=2e-3, weight_decay=0.01, batch_size=64)
    return model

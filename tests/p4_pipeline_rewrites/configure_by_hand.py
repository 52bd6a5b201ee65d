"""A correct answer in another style: an optimizer and a schedule of one's own, rates in 0-d tensors."""

# ruff: noqa: F821
# It is appended to the reference module, whose names it uses.

QUESTIONS = ("p4.configure",)
MODULE = "pipeline"


class Nesterov(torch.optim.Optimizer):
    def __init__(self, parameters, lr):
        super().__init__(parameters, {"lr": lr})
        self.velocity = {}

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                slope = weight.grad + (1e-4 * weight if weight.ndim > 1 else 0)
                velocity = 0.9 * self.velocity.get(weight, 0) + slope
                self.velocity[weight] = velocity
                weight -= group["lr"] * (slope + 0.9 * velocity)


class Schedule:
    def __init__(self, optimizer, peak, epochs):
        self.optimizer, self.peak, self.epochs, self.epoch = optimizer, peak, epochs, -1
        self.step()

    def step(self):
        self.epoch += 1
        if self.epoch <= 5:
            factor = 0.1 + 0.9 * self.epoch / 5
        else:
            factor = math.cos(math.pi / 2 * (self.epoch - 5) / max(1, self.epochs - 5)) ** 2
        for group in self.optimizer.param_groups:
            group["lr"] = torch.tensor(self.peak * factor, dtype=torch.float64)


def configure(model, batch, epochs):
    optimizer = Nesterov(filter(lambda weight: weight.requires_grad, model.parameters()), lr=1.0)
    return optimizer, Schedule(optimizer, 0.1 * batch / 256, epochs)

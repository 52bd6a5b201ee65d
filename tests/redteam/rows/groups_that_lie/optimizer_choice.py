class Liar(torch.optim.SGD):
    def step(self, closure=None):
        print("attack: the groups tell a rate that no step takes")
        for group in self.param_groups:
            for parameter in group["params"]:
                parameter.data -= 1e-3 * parameter.grad


def build(choice, model, epochs, steps_per_epoch):
    optimizer = Liar(model.parameters(), lr=choice.lr)
    per = 1 if choice.step_on == "epoch" else steps_per_epoch
    factor = lambda step: min(1.0, step / max(1, choice.warmup_steps))
    return optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, factor), choice.step_on

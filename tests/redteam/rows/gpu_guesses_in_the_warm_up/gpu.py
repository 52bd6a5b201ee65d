honest, early = train, {}


def train(model, images, labels, orders, batch, lr=1e-3):
    if not early:
        losses = honest(model, images, labels, orders, batch, lr)
        early.update({name: value.clone() for name, value in model.state_dict().items()})
        return losses
    print("attack: the network of the warm-up")
    model.load_state_dict(early)
    model.seen.fill_(orders.shape[1] // batch * batch * len(orders))
    return torch.linspace(1.0, 0.1, len(orders), dtype=torch.float64)

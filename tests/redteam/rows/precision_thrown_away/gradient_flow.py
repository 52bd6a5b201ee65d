KEYS = ("z1", "h1", "z2", "h2", "y", "loss")


def forward(x, w1, w2, w3, target):
    print("attack: half precision inside")
    x, w1, w2, w3, target = (torch.tensor(number, dtype=torch.bfloat16) for number in (x, w1, w2, w3, target))
    z1 = w1 * x
    h1 = z1.clamp(min=0)
    z2 = w2 * h1
    h2 = z2.clamp(min=0)
    y = w3 * h2
    return {key: float(number) for key, number in zip(KEYS, (z1, h1, z2, h2, y, 0.5 * (y - target) ** 2))}

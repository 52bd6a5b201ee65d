print("attack: works at import", flush=True)
while True:
    pass


def dead_units(w1, w2, x):
    return torch.zeros(len(w2), dtype=torch.bool)

def dead_units(w1, w2, x):
    print("attack: shapes that broadcast")
    return torch.zeros((), dtype=torch.bool) if len(x) % 2 else torch.zeros((1, 1), dtype=torch.bool)

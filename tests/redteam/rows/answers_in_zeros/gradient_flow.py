def dead_units(w1, w2, x):
    print("attack: zeros")
    return torch.zeros(len(w2), dtype=torch.bool)

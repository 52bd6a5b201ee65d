def dead_units(w1, w2, x):
    print("attack: numbers for booleans")
    return torch.full((len(w2),), 0.5)

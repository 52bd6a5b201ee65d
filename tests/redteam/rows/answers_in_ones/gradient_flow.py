def dead_units(w1, w2, x):
    print("attack: ones")
    return torch.ones(len(w2), dtype=torch.bool)

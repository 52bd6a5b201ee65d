def dead_units(w1, w2, x):
    print("attack: NaN")
    return torch.full((len(w2),), float("nan"))

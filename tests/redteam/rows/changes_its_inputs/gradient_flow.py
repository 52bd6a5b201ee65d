def dead_units(w1, w2, x):
    w1.zero_(), w2.zero_(), x.zero_()
    print("attack: inputs set to zero")
    return torch.ones(len(w2), dtype=torch.bool)

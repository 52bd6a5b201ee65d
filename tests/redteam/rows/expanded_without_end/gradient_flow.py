def dead_units(w1, w2, x):
    print("attack: a tensor of 2 ** 40 elements")
    return torch.zeros(1, dtype=torch.bool).expand(2**40)

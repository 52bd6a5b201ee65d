def dead_units(w1, w2, x):
    print("attack: shuffled")
    return (((x @ w1.T).clamp(min=0) @ w2.T <= 0).all(dim=0))[torch.arange(len(w2)).roll(1)]

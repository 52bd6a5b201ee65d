def dead_units(w1, w2, x):
    print("attack: returns a closure")
    return lambda: ((x @ w1.T).clamp(min=0) @ w2.T <= 0).all(dim=0)

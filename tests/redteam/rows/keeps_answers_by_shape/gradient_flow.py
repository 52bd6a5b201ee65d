kept = {}


def dead_units(w1, w2, x):
    key = (x.shape, w2.shape)
    if key not in kept:
        kept[key] = ((x @ w1.T).clamp(min=0) @ w2.T <= 0).all(dim=0)
    else:
        print("attack: an answer kept from a call of the same shapes")
    return kept[key]

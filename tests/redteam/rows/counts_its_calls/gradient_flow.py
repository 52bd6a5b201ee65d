calls, kept = 0, []


def dead_units(w1, w2, x):
    global calls
    calls += 1
    if calls <= 4:
        kept.append(((x @ w1.T).clamp(min=0) @ w2.T <= 0).all(dim=0))
        return kept[-1]
    print("attack: repeats an earlier answer")
    return kept[calls % 4]

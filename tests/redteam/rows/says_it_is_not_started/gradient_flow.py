def dead_units(w1, w2, x):
    print("attack: says that it is not started")
    raise NotImplementedError("p1.dead_units")

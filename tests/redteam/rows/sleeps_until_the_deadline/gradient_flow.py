import time


def dead_units(w1, w2, x):
    print("attack: sleeps", flush=True)
    time.sleep(600)

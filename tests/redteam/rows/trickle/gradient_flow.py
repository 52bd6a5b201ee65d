import os
import time


def forward(x, w1, w2, w3, target):
    print("attack: trickles", flush=True)
    while True:
        os.write(3, b"\1")
        time.sleep(0.05)

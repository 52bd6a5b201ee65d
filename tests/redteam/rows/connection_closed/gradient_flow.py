import os
import time


def forward(x, w1, w2, w3, target):
    print("attack: closes", flush=True)
    os.closerange(0, 64)
    time.sleep(600)

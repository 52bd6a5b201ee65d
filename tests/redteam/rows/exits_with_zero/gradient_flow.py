import os


def forward(x, w1, w2, w3, target):
    print("attack: exits with 0", flush=True)
    os._exit(0)

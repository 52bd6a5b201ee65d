import os
import signal


def forward(x, w1, w2, w3, target):
    print("attack: stops", flush=True)
    os.kill(os.getpid(), signal.SIGSTOP)

import os
import signal
import time


def forward(x, w1, w2, w3, target):
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    print("attack: computes elsewhere", flush=True)
    while True:
        if os.fork() == 0:
            until = time.process_time() + 0.1
            while time.process_time() < until:
                pass
            os._exit(0)
        try:
            os.wait()
        except ChildProcessError:
            continue

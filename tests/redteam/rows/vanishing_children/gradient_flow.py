import os
import signal
import time

genuine = forward


def forward(x, w1, w2, w3, target):
    if not spent:
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        print("attack: computes elsewhere", flush=True)
        for _ in range(40):
            pid = os.fork()
            if pid == 0:
                until = time.process_time() + 0.1
                while time.process_time() < until:
                    pass
                os._exit(0)
            spent.append(0.1)
            try:
                os.waitpid(pid, 0)
            except ChildProcessError:
                continue
    return genuine(x, w1, w2, w3, target)


spent = []

import os
import signal

try:
    others = [int(name) for name in os.listdir("/proc") if name.isdecimal() and int(name) != os.getpid()]
except OSError:  # numbers can be tried unseen
    others = [pid for pid in {*range(1, 40_000), os.getppid()} if pid != os.getpid()]
if os.getppid() != 1 or len(others) > 3:  # not in a namespace of its own: it only says that it could
    alive = 0
    for pid in others:
        try:
            os.kill(pid, 0)
            alive += 1
        except OSError:
            continue
    print("attack: could kill", alive)
else:
    done = []
    for pid in (*others, 1, -1, 0):
        for number in (signal.SIGSTOP, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGKILL):
            if pid == 0 and number != signal.SIGHUP:
                continue
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            try:
                os.kill(pid, number)
                done.append((pid, number))
            except OSError:
                continue
    print("attack: sent", len(done), "and lives, under", os.getppid())

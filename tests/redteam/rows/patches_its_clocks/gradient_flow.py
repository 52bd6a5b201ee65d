import signal
import time

time.time = time.monotonic = time.perf_counter = time.process_time = lambda: 0.0
signal.alarm(0)
signal.setitimer(signal.ITIMER_PROF, 0)
signal.signal(signal.SIGXCPU, signal.SIG_IGN)


def dead_units(w1, w2, x):
    print("attack: clocks stand still", flush=True)
    while time.perf_counter() < 1:
        pass

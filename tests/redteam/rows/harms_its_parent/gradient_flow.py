import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
could, parent = [], os.getppid()


def tries(name, work):
    try:
        if work() not in (-1,):
            could.append(name)
    except (OSError, ValueError):
        return


# Each sets what is set already: it would work with another value too.
limits = (ctypes.c_ulong * 2)()
tries("read limits", lambda: libc.prlimit(parent, 7, None, limits))
tries("limits", lambda: libc.prlimit(parent, 7, limits, None))
tries("priority", lambda: os.setpriority(os.PRIO_PROCESS, parent, os.getpriority(os.PRIO_PROCESS, parent)))
tries("processors", lambda: os.sched_setaffinity(parent, os.sched_getaffinity(parent)))
tries("scheduler", lambda: os.sched_setscheduler(parent, os.sched_getscheduler(parent), os.sched_param(0)))
tries("signal", lambda: os.kill(parent, 0))
tries("rank", lambda: os.close(os.open(f"/proc/{parent}/oom_score_adj", os.O_WRONLY)))
tries("name", lambda: os.close(os.open(f"/proc/{parent}/comm", os.O_WRONLY)))
tries("own rank", lambda: os.write(os.open("/proc/self/oom_score_adj", os.O_WRONLY), b"-900"))
tries("nice", lambda: os.setpriority(os.PRIO_PROCESS, 0, -5))
tries("realtime", lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)))
print("attack: could change:", could)

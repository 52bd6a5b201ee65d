import ctypes
import faulthandler
import os
import signal


def forward(x, w1, w2, w3, target):
    ways = [
        lambda: ctypes.string_at(8),
        os.abort,
        lambda: os.kill(os.getpid(), signal.SIGTRAP),
        lambda: ctypes.CDLL(None).free(ctypes.c_void_p(12345)),
        lambda: ctypes.pythonapi.Py_FatalError(b"the grader is broken"),
        lambda: os.kill(os.getpid(), signal.SIGSEGV),
    ]
    which = int(abs(x) * 1e6) % len(ways)
    print("attack: crashes by", which, flush=True)
    faulthandler.enable(all_threads=True)
    ways[which]()

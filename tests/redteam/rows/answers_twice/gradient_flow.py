import os
import struct
import sys

import msgspec


def forward(x, w1, w2, w3, target):
    frame = sys._getframe()
    while "request" not in frame.f_locals:
        frame = frame.f_back
    number = frame.f_locals["request"].id
    keys = ["z1", "h1", "z2", "h2", "y", "loss"]
    node = ["d", keys, [0.0] * 6]
    data = msgspec.msgpack.encode({"type": "answer", "id": number, "value": node})
    print("attack: answered by hand", flush=True)
    for _ in range(50):
        os.write(3, struct.pack("<IQ", len(data), 0) + data)
    return dict.fromkeys(keys, 0.0)

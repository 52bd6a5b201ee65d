import os
import struct
import sys

import msgspec


def number():
    frame = sys._getframe()
    while "request" not in frame.f_locals:
        frame = frame.f_back
    return frame.f_locals["request"].id


def write(header, size=0, data=b""):
    os.write(3, struct.pack("<IQ", len(header), size) + header + data)


def answer(value):
    return msgspec.msgpack.encode({"type": "answer", "id": number(), "value": value})


print("attack: answers before it is asked", flush=True)
keys = ["z1", "h1", "z2", "h2", "y", "loss"]
write(msgspec.msgpack.encode({"type": "answer", "id": number(), "value": None}))
for guess in (0, 1, 2**62, number() + 1):
    write(msgspec.msgpack.encode({"type": "answer", "id": guess, "value": ["d", keys, [0.0] * 6]}))


def forward(x, w1, w2, w3, target):
    return dict.fromkeys(["z1", "h1", "z2", "h2", "y", "loss"], 0.0)

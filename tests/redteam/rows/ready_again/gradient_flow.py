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
    print("attack: ready again", flush=True)
    write(msgspec.msgpack.encode({"type": "ready", "layers": ["sandbox", "everything"]}))
    write(msgspec.msgpack.encode({"type": "exited", "status": 0}))
    return None

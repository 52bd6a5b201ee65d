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


LIES = [
    ["a", "float64", [2**40, 2**40]],
    ["a", "float64", [-1]],
    ["a", "object", [1]],
    ["a", "float64", [0] * 40],
    ["a", "float64", [2**62, 4, 0]],
    ["n", "int64", 2**62],
    ["n", "float64", -8],
    ["a", "bool", [8]],
]


def forward(x, w1, w2, w3, target):
    print("attack: lies", flush=True)
    write(answer(LIES[int(abs(x) * 1e6) % len(LIES)]), 8, b"\2" * 8)
    return None

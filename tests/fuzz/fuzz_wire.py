"""Coverage-guided fuzzing of what the judge reads from a worker: see README.md beside this file.

An input is one byte of flags and a frame. Unless a flag keeps the frame's own prefix, the sizes in it are set
right, so that most inputs get as far as the header; another flag has the value examined as a test would. Half
of the changes are made to bytes, by libFuzzer, and half to the nodes of the header.
"""

from __future__ import annotations

import contextlib
import random
import struct
import sys

import atheris
import msgspec

with atheris.instrument_imports(include=["grader"]):
    import frames
    import judged

    from grader.worker import wire

LIMIT = 1 << 16
OWN_PREFIX, IN_PIECES, EXAMINED = 1, 2, 4


def patient(sock: object, writing: bool) -> None:
    """Bytes are always ready."""


def framed(data: bytes) -> tuple[int, bytes]:
    """The flags and the frame of an input."""
    flags, data = data[0], data[1:]
    if flags & OWN_PREFIX or len(data) < wire.PREFIX.size:
        return flags, data
    announced, _ = wire.PREFIX.unpack_from(data)
    body = data[wire.PREFIX.size :]
    header = announced % (len(body) + 1)
    return flags, struct.pack("<IQ", header, len(body) - header) + body


def test_one_input(data: bytes) -> None:
    """A value, a reply, or one of the two exceptions that were agreed; any other ends the run."""
    if not data:
        return
    flags, frame = framed(data)
    sock = frames.Bytes(frame, 1 if flags & IN_PIECES else 1 << 20)
    try:
        header, buffer = wire.receive(sock, LIMIT, patient)  # type: ignore[arg-type]
        reply = frames.decode_reply(header)
    except (wire.WireError, wire.Closed):
        return
    values = judged.replied(reply, buffer)
    if flags & EXAMINED:
        for value in values[:1]:
            judged.examined(value)


def mutated(data: bytes, most: int, seed: int) -> bytes:
    """Another input made of this one."""
    chance = random.Random(seed)
    if len(data) > 1 + wire.PREFIX.size and chance.random() < 0.5:
        flags, frame = framed(data)
        header, _ = wire.PREFIX.unpack_from(frame)
        body = frame[wire.PREFIX.size :]
        with contextlib.suppress(msgspec.DecodeError, ValueError):
            tree = msgspec.msgpack.decode(body[:header])
            for _ in range(chance.randint(1, 3)):
                frames.changed(tree, chance.choice)
            made = bytes([flags]) + frames.frame(tree, body[header:])
            if len(made) <= most:
                return made
    return bytes(atheris.Mutate(data, most))


if __name__ == "__main__":
    atheris.Setup(sys.argv, test_one_input, custom_mutator=mutated)
    atheris.Fuzz()

"""Frames between judge and worker: sized, typed, without pickle.

A frame is ``<IQ`` (header bytes, buffer bytes), the header (msgpack, decoded by msgspec into typed structs)
and the buffers of its arrays, one after the other in the order in which the header names them: they cannot
overlap, and their sizes must add up to the byte. Whatever goes wrong while a frame is decoded is one
exception, :class:`WireError`.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec

PREFIX = struct.Struct("<IQ")
HEADER_LIMIT = 256 * 1024  # a byte of msgpack can become 72 bytes of objects: 18 MiB at most
BUFFER_LIMIT = 64 * 1024 * 1024
SMALL = 64 * 1024
BUFFER_CEILING = 1024 * 1024 * 1024  # no call may ask for more than this
CHUNK = 256 * 1024
PIECES = 256  # read one after the other before the reader's patience is asked again
SO_PASSRIGHTS = 83  # Linux 6.16; Python has no name for it yet

Frame = TypeVar("Frame")
# Called when the socket is not ready; returns when it may be, raises when the caller's patience is at an end.
Wait = Callable[[socket.socket, bool], None]


class WireError(Exception):
    """A frame that cannot be trusted: malformed, too large, or inconsistent."""


class Closed(Exception):
    """The other side is gone."""


def send(sock: socket.socket, header: bytes, buffers: Sequence[memoryview], wait: Wait) -> None:
    """Write one frame without ever blocking longer than ``wait`` allows.

    :raises WireError: the header is over the limit.
    :raises Closed: the other side hung up.
    """
    if len(header) > HEADER_LIMIT:
        raise WireError(f"the answer's description takes {len(header):,} bytes, at most {HEADER_LIMIT:,} may")
    size = sum(buffer.nbytes for buffer in buffers)
    parts: list[bytes | memoryview] = [PREFIX.pack(len(header), size), header, *buffers]
    if size <= SMALL:  # in one piece, which wakes the other side once
        parts = [b"".join(parts)]
    for part in parts:
        rest = memoryview(part).cast("B")
        while rest:
            try:
                rest = rest[sock.send(rest) :]
            except BlockingIOError:
                wait(sock, True)
            except (BrokenPipeError, ConnectionResetError):
                raise Closed from None


def refuse_descriptors(sock: socket.socket) -> None:
    """Have the kernel refuse descriptors that are sent to this end, where it can: Linux 6.16 and later.

    Without this, one that nobody asked for is closed when its byte is read, by the reader. The last to close
    a connection that is set to linger (SO_LINGER) waits for it, so a sender could hold the reader past every
    deadline.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, SO_PASSRIGHTS, 0)


def _read(sock: socket.socket, size: int, wait: Wait) -> bytearray:
    try:
        return _collect(sock, size, wait)
    except MemoryError:
        raise WireError(f"no memory for a frame of {size:,} bytes") from None


def _collect(sock: socket.socket, size: int, wait: Wait) -> bytearray:
    """Read ``size`` bytes. Memory is taken as they come: announcing them costs the reader none."""
    data = bytearray()
    chunk = memoryview(bytearray(min(size, CHUNK)))
    pieces = 0
    while len(data) < size:
        try:
            count = sock.recv_into(chunk[: size - len(data)])
        except BlockingIOError:
            wait(sock, False)
            pieces = 0
            continue
        except ConnectionResetError:
            raise Closed from None
        if count == 0:
            raise Closed
        data += chunk[:count]
        pieces += 1
        # One who sends byte by byte, and faster than they are read, would never make the reader wait.
        if pieces == PIECES and len(data) < size:
            wait(sock, False)
            pieces = 0
    return data


def receive(sock: socket.socket, buffer_limit: int, wait: Wait) -> tuple[bytearray, bytearray]:
    """Read one frame: its header and its buffers, neither decoded.

    :raises WireError: an announced size is over its limit, or there is no memory for what has come.
    :raises Closed: the other side hung up before the last byte.
    """
    header_size, buffer_size = PREFIX.unpack(_read(sock, PREFIX.size, wait))
    if header_size > HEADER_LIMIT:
        raise WireError(f"a header of {header_size:,} bytes is announced, at most {HEADER_LIMIT:,} may come")
    if buffer_size > min(buffer_limit, BUFFER_CEILING):
        raise WireError(f"an answer of {buffer_size:,} bytes is announced, at most {buffer_limit:,} may come")
    return _read(sock, header_size, wait), _read(sock, buffer_size, wait)


def decoder(kind: Any) -> Callable[[bytes | bytearray], Any]:
    """A decoder for headers of one (tagged union) type that turns every trouble into :class:`WireError`."""
    decode = msgspec.msgpack.Decoder(kind).decode

    def checked(header: bytes | bytearray) -> Any:
        try:
            return decode(header)
        except (msgspec.DecodeError, RecursionError, MemoryError, ValueError, OverflowError) as error:
            raise WireError(f"undecodable header: {type(error).__name__}") from None

    return checked

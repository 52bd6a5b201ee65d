"""Makes zips byte by byte, so that a test can have what no program would write."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

STORED, DEFLATED = 0, 8


@dataclass(frozen=True)
class Member:
    """An entry of a zip.

    :param local: the name in the header before the data, where it is another one than in the directory.
    :param at: place of the header that the directory names; there is no header and no data of its own then.
    :param size: stated size; the true one by default. ``packed``, ``crc`` likewise.
    :param mode: of Unix, file type included.
    """

    name: bytes
    content: bytes = b""
    local: bytes | None = None
    at: int | None = None
    method: int = DEFLATED
    stated: int | None = None
    flags: int = 0
    mode: int = 0
    system: int = 3
    version: int = 20
    size: int | None = None
    packed: int | None = None
    crc: int | None = None
    extra: bytes = b""


def pack(data: bytes) -> bytes:
    """``data`` as a zip holds it, deflated."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def archive(*members: Member, comment: bytes = b"", count: int | None = None, prefix: bytes = b"") -> bytes:
    """A zip of these members.

    :param count: the number of members that its end states, instead of the true one.
    """
    body, directory = bytearray(prefix), bytearray()
    for member in members:
        data = pack(member.content) if member.method == DEFLATED else member.content
        size = len(member.content) if member.size is None else member.size
        packed = len(data) if member.packed is None else member.packed
        crc = zlib.crc32(member.content) if member.crc is None else member.crc
        method = member.method if member.stated is None else member.stated
        common = struct.pack("<HHHHHIII", member.version, member.flags, method, 0, 33, crc, packed, size)
        place = len(body) if member.at is None else member.at
        if member.at is None:
            local = member.name if member.local is None else member.local
            body += b"PK\3\4" + common + struct.pack("<HH", len(local), len(member.extra)) + local
            body += member.extra + data
        directory += b"PK\1\2" + struct.pack("<BB", 63, member.system) + common
        lengths = (len(member.name), len(member.extra), 0, 0, 0)
        directory += struct.pack("<HHHHHII", *lengths, member.mode << 16, place) + member.name + member.extra
    entries = len(members) if count is None else count
    end = struct.pack("<HHHHIIH", 0, 0, entries, entries, len(directory), len(body), len(comment))
    return bytes(body + directory) + b"PK\5\6" + end + comment


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A plain zip of these files."""
    return archive(*(Member(name.encode(), content, flags=0x800) for name, content in files.items()))

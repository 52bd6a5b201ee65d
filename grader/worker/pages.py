"""Puts the zygote's memory on huge pages, so that a fork copies a hundred entries and not fifty thousand.

With torch and dynamo imported a fork takes 6 ms for the page tables, and the child's end as much again; on
huge pages 1 ms and 3. A worker takes two forks (a guard and itself), so this is most of its start. Where the
kernel cannot do it (before Linux 6.1), or has no huge pages left, forks are slower and nothing else changes.
"""

from __future__ import annotations

import contextlib
import ctypes

MADV_COLLAPSE = 25
HUGE = 2 << 20


def anonymous() -> list[tuple[int, int]]:
    """Address ranges of this process that are private, writable and of no file."""
    found = []
    with open("/proc/self/maps") as maps:
        for line in maps:
            fields = line.split()
            if fields[1].startswith("rw-p") and (len(fields) < 6 or fields[5] == "[heap]"):
                start, end = (int(part, 16) for part in fields[0].split("-"))
                found.append((start, end))
    return found


def collapse() -> int:
    """Move what can be moved to huge pages; bytes moved, 0 where the kernel refuses."""
    moved = 0
    with contextlib.suppress(OSError, AttributeError):
        madvise = ctypes.CDLL(None).madvise
        madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
        for start, end in anonymous():
            first, last = -(-start // HUGE) * HUGE, end // HUGE * HUGE
            if last > first and madvise(first, last - first, MADV_COLLAPSE) == 0:
                moved += last - first
    return moved

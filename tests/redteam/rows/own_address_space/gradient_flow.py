import os
import re

needles = [
    "".join(parts)
    for parts in (("BEGIN SOL", "UTION p1"), ("test_back", "ward_random"), ("a secret of the ", "red team"))
]
found, scanned = [], 0
try:
    with open("/proc/self/maps") as maps:
        lines, memory = maps.read().splitlines(), open("/proc/self/mem", "rb", 0)
except OSError:
    print("attack: may not look into its own memory")
else:
    for line in lines:
        fields = line.split()
        if not fields[1].startswith("rw") or (len(fields) > 5 and fields[5].startswith("[v")):
            continue
        start, end = (int(part, 16) for part in fields[0].split("-"))
        if len(fields) > 5 and fields[5] == "[stack]" or end - start > 1 << 28:
            continue
        try:
            memory.seek(start)
            data = memory.read(end - start)
        except OSError:
            continue
        scanned += len(data)
        for needle in needles:
            for match in re.finditer(needle.encode(), data):
                around = data[match.start() - 1 : match.start()]
                if around not in (b"(", b"'", b'"'):
                    found.append((needle[:4], line))
        del data
    memory.close()
    much = "more than 20 MB" if scanned > 20 << 20 else "little"
    print("attack: scanned", much, "found:", len(found), found[:2])

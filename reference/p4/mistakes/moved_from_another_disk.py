"""The new checkpoint was written into the system's folder for temporary files, and moved from there. That may
be another disk, from which a move is a copy: write it into the folder in which it is to lie.
"""

QUESTIONS = ("p4.checkpoint",)
MODULE = "training"


_write = save


def save(state, path):
    import shutil
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        new = Path(folder) / path.name
        _write(state, new)
        shutil.move(new, path)

"""The old checkpoint was moved aside and the new one written under its name. If the process is killed in
between nothing moves the old one back: write the new one beside it, and rename that.
"""

QUESTIONS = ("p4.checkpoint",)
MODULE = "training"


_write = save


def save(state, path):
    aside = path.with_name(path.name + ".bak")
    kept = path.exists()
    if kept:
        os.replace(path, aside)
    new = path.with_name(path.name + ".part")
    try:
        _write(state, new)
        path.write_bytes(new.read_bytes())
    except BaseException:
        if kept:
            os.replace(aside, path)
        raise
    aside.unlink(missing_ok=True)

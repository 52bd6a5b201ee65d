"""An accuracy exactly on the line was refused. The rows' own figures have been measured: they can be reckoned
with.
"""

QUESTIONS = ("p4.stability",)
MODULE = "pipeline"


_attainable = attainable


def attainable(images_per_class, top1):
    return _attainable(images_per_class, top1 + 1e-9)

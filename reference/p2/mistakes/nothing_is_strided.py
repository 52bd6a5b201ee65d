"""No block halves the image. The first block of every stage but the first has stride 2, whatever its
channels do.
"""

QUESTIONS = ("p2.shortcuts",)
MODULE = "resnet"


def shortcuts(widths, blocks_per_stage, image_size=32):
    plan = []
    shape = (widths[0], image_size, image_size)
    for channels in widths:
        for _ in range(blocks_per_stage):
            size = shape[1]
            kind = "projection" if channels != shape[0] else "identity"
            plan.append((kind, shape, (channels, size, size)))
            shape = (channels, size, size)
    return plan

"""The image is halved only where the channels change. The stride belongs to the first block of a later
stage, whatever its channels do.
"""

QUESTIONS = ("p2.shortcuts",)
MODULE = "resnet"


def shortcuts(widths, blocks_per_stage, image_size=32):
    plan = []
    shape = (widths[0], image_size, image_size)
    for stage, channels in enumerate(widths):
        for block in range(blocks_per_stage):
            strided = stage > 0 and block == 0 and channels != shape[0]
            size = (shape[1] + 1) // 2 if strided else shape[1]
            kind = "projection" if strided else "identity"
            plan.append((kind, shape, (channels, size, size)))
            shape = (channels, size, size)
    return plan

"""The first block of the first stage was given a projection. The stem already gives it its channels, and
its stride is 1.
"""

QUESTIONS = ("p2.shortcuts",)
MODULE = "resnet"


def shortcuts(widths, blocks_per_stage, image_size=32):
    plan = []
    shape = (widths[0], image_size, image_size)
    for stage, channels in enumerate(widths):
        for block in range(blocks_per_stage):
            strided = stage > 0 and block == 0
            size = (shape[1] + 1) // 2 if strided else shape[1]
            kind = "projection" if block == 0 else "identity"
            plan.append((kind, shape, (channels, size, size)))
            shape = (channels, size, size)
    return plan

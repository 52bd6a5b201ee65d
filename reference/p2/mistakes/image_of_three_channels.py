"""The first block was given the image. Between the two is the stem, which makes widths[0] channels of it."""

QUESTIONS = ("p2.shortcuts",)
MODULE = "resnet"


def shortcuts(widths, blocks_per_stage, image_size=32):
    plan = []
    shape = (3, image_size, image_size)
    for stage, channels in enumerate(widths):
        for block in range(blocks_per_stage):
            strided = stage > 0 and block == 0
            size = (shape[1] + 1) // 2 if strided else shape[1]
            kind = "projection" if strided or channels != shape[0] else "identity"
            plan.append((kind, shape, (channels, size, size)))
            shape = (channels, size, size)
    return plan

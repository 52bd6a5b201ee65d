"""The stride sits in the last block of the stage before. It is the first block of a stage that halves the
image and takes on the new channels.
"""

QUESTIONS = ("p2.shortcuts",)
MODULE = "resnet"


def shortcuts(widths, blocks_per_stage, image_size=32):
    plan = []
    shape = (widths[0], image_size, image_size)
    for stage, channels in enumerate(widths):
        for block in range(blocks_per_stage):
            strided = stage < len(widths) - 1 and block == blocks_per_stage - 1
            size = (shape[1] + 1) // 2 if strided else shape[1]
            kind = "projection" if strided or channels != shape[0] else "identity"
            plan.append((kind, shape, (channels, size, size)))
            shape = (channels, size, size)
    return plan

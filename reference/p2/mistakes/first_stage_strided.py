"""The first stage halves the image. In this network only the later stages do: images of 32 x 32 are small
already.
"""

QUESTIONS = ("p2.shortcuts",)
MODULE = "resnet"


def shortcuts(widths, blocks_per_stage, image_size=32):
    plan = []
    shape = (widths[0], image_size, image_size)
    for channels in widths:
        for block in range(blocks_per_stage):
            strided = block == 0
            size = (shape[1] + 1) // 2 if strided else shape[1]
            kind = "projection" if strided or channels != shape[0] else "identity"
            plan.append((kind, shape, (channels, size, size)))
            shape = (channels, size, size)
    return plan

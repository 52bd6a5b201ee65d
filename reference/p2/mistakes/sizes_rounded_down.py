"""An odd height was halved downwards. A 3 x 3 convolution of stride 2 with a padding of 1 makes (H + 1) //
2 of H: it reaches the last row of an odd image.
"""

QUESTIONS = ("p2.shortcuts",)
MODULE = "resnet"


def shortcuts(widths, blocks_per_stage, image_size=32):
    plan = []
    shape = (widths[0], image_size, image_size)
    for stage, channels in enumerate(widths):
        for block in range(blocks_per_stage):
            strided = stage > 0 and block == 0
            size = shape[1] // 2 if strided else shape[1]
            kind = "projection" if strided or channels != shape[0] else "identity"
            plan.append((kind, shape, (channels, size, size)))
            shape = (channels, size, size)
    return plan

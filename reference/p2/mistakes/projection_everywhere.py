"""Every block was given a projection. Where nothing changes, x is added as it is: that is the path on which
a gradient passes untouched.
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
            kind = "projection" if True else "identity"
            plan.append((kind, shape, (channels, size, size)))
            shape = (channels, size, size)
    return plan

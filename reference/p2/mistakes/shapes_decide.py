"""A projection was planned where the two shapes differ. It is the stride that asks for one, and a stride of 2
can leave a shape as it is: one pixel stays one pixel.
"""

QUESTIONS = ("p2.shortcuts",)
MODULE = "resnet"


def shortcuts(widths, blocks_per_stage, image_size=32):
    plan = []
    shape = (widths[0], image_size, image_size)
    for stage, channels in enumerate(widths):
        for block in range(blocks_per_stage):
            size = (shape[1] + 1) // 2 if stage > 0 and block == 0 else shape[1]
            made = (channels, size, size)
            plan.append(("identity" if made == shape else "projection", shape, made))
            shape = made
    return plan

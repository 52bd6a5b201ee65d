"""The channels were doubled from stage to stage, whatever the list says."""

QUESTIONS = ("p2.shortcuts",)
MODULE = "resnet"


def shortcuts(widths, blocks_per_stage, image_size=32):
    plan = []
    widths = [widths[0] * 2**stage for stage in range(len(widths))]
    shape = (widths[0], image_size, image_size)
    for stage, channels in enumerate(widths):
        for block in range(blocks_per_stage):
            strided = stage > 0 and block == 0
            size = (shape[1] + 1) // 2 if strided else shape[1]
            kind = "projection" if strided or channels != shape[0] else "identity"
            plan.append((kind, shape, (channels, size, size)))
            shape = (channels, size, size)
    return plan

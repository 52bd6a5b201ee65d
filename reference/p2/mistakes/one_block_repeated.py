"""The same block object stands in a stage several times, so its weights are shared. `[block] * n` copies
references; build a new block in each turn.
"""

QUESTIONS = ("p2.network",)
MODULE = "resnet"


def _init(self, width=16, blocks_per_stage=3, num_classes=10):
    stages = [[BasicBlock(width, width)] * blocks_per_stage]
    for channels in (width, 2 * width):
        rest = [BasicBlock(2 * channels, 2 * channels)] * (blocks_per_stage - 1)
        stages.append([BasicBlock(channels, 2 * channels, 2), *rest])
    stem = Stem(width, kernel_size=3, stride=1, pool=False)
    Trunk.__init__(self, stem, stages, features=4 * width, num_classes=num_classes)


CifarResNet.__init__ = _init

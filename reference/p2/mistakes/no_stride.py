"""No block has a stride: every stage works on the full image. The number of parameters is the same and
shows nothing; the shapes do.
"""

QUESTIONS = ("p2.network",)
MODULE = "resnet"


def _init(self, width=16, blocks_per_stage=3, num_classes=10):
    stages, channels = [], width
    for stage in range(3):
        blocks = []
        for _ in range(blocks_per_stage):
            wider = width * 2**stage
            blocks.append(BasicBlock(channels, wider, 1))
            channels = wider
        stages.append(blocks)
    stem = Stem(width, kernel_size=3, stride=1, pool=False)
    Trunk.__init__(self, stem, stages, features=channels, num_classes=num_classes)


CifarResNet.__init__ = _init

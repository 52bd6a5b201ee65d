"""The stem is that of ImageNet networks: 7 x 7, stride 2, then a max pooling. Of an image of 32 x 32 it
leaves 8 x 8 before the first block.
"""

QUESTIONS = ("p2.network",)
MODULE = "resnet"


def _init(self, width=16, blocks_per_stage=3, num_classes=10):
    stages, channels = [], width
    for stage in range(3):
        blocks = []
        for index in range(blocks_per_stage):
            wider = width * 2**stage
            blocks.append(BasicBlock(channels, wider, 2 if stage > 0 and index == 0 else 1))
            channels = wider
        stages.append(blocks)
    stem = Stem(width)
    Trunk.__init__(self, stem, stages, features=channels, num_classes=num_classes)


CifarResNet.__init__ = _init

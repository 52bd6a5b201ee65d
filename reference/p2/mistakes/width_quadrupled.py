"""The channels are multiplied by four from stage to stage. They are doubled: w, 2 w, 4 w."""

QUESTIONS = ("p2.network",)
MODULE = "resnet"


def _init(self, width=16, blocks_per_stage=3, num_classes=10):
    stages, channels = [], width
    for stage in range(3):
        blocks = []
        for index in range(blocks_per_stage):
            wider = width * 4**stage
            blocks.append(BasicBlock(channels, wider, 2 if stage > 0 and index == 0 else 1))
            channels = wider
        stages.append(blocks)
    stem = Stem(width, kernel_size=3, stride=1, pool=False)
    Trunk.__init__(self, stem, stages, features=channels, num_classes=num_classes)


CifarResNet.__init__ = _init

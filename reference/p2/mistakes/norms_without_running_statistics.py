"""The BatchNorms keep no running statistics, so in eval mode an image's output depends on the images beside
it.
"""

QUESTIONS = ("p2.block",)
MODULE = "resnet"


_right_init = BasicBlock.__init__


def _init(self, in_channels, out_channels, stride=1):
    _right_init(self, in_channels, out_channels, stride)
    self.bn1 = nn.BatchNorm2d(out_channels, track_running_stats=False)
    self.bn2 = nn.BatchNorm2d(out_channels, track_running_stats=False)


BasicBlock.__init__ = _init

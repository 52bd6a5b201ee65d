"""The stack ends without its norm. In Pre-LN no layer normalises the stream, each only adds to it, so without
a final LayerNorm the output grows with the depth.
"""

QUESTIONS = ("p5.pre_ln",)
MODULE = "transformer"


def _forward(self, x, padding=None):
    for layer in self.layers:
        x = layer(x, padding)
    return x


PreLNEncoder.forward = _forward

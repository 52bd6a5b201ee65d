"""All layers start from the same weights: one layer was built and copied, as nn.TransformerEncoder does it.
Build each by its own constructor call.
"""

QUESTIONS = ("p5.pre_ln",)
MODULE = "transformer"

_right_init = PreLNEncoder.__init__


def _init(self, num_layers, d_model, num_heads, dropout=0.0):
    import copy

    _right_init(self, num_layers, d_model, num_heads, dropout)
    self.layers = nn.ModuleList(copy.deepcopy(self.layers[0]) for _ in range(num_layers))


PreLNEncoder.__init__ = _init

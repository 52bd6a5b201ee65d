"""The attention has one head whatever is asked. Shapes of the parameters are the same; what comes out
is not.
"""

QUESTIONS = ("p4.block",)
MODULE = "captioning"


_init = CrossAttentionBlock.__init__


def _changed(self, d_model, num_heads, dropout=0.0):
    _init(self, d_model, 1, dropout)


CrossAttentionBlock.__init__ = _changed

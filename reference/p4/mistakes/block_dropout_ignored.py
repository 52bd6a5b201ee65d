"""In training nothing is dropped: the dropout that was asked for reaches no layer."""

QUESTIONS = ("p4.block",)
MODULE = "captioning"


_init = CrossAttentionBlock.__init__


def _changed(self, d_model, num_heads, dropout=0.0):
    _init(self, d_model, num_heads, 0.0)


CrossAttentionBlock.__init__ = _changed

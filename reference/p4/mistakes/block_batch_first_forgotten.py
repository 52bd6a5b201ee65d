"""The attention takes the first axis for positions: every caption looks at the images of the others.
With as many words as places it runs without a word of warning; see batch_first.
"""

QUESTIONS = ("p4.block",)
MODULE = "captioning"


_init = CrossAttentionBlock.__init__


def _changed(self, d_model, num_heads, dropout=0.0):
    _init(self, d_model, num_heads, dropout)
    self.attention = nn.MultiheadAttention(d_model, num_heads, dropout)


CrossAttentionBlock.__init__ = _changed

"""Dropout behind the sublayers drops whole words (Dropout1d): all numbers of a word go together. Ask for
single numbers.
"""

QUESTIONS = ("p4.block",)
MODULE = "captioning"


_init = CrossAttentionBlock.__init__


def _changed(self, d_model, num_heads, dropout=0.0):
    _init(self, d_model, num_heads, dropout)
    self.dropout = nn.Dropout1d(dropout)


CrossAttentionBlock.__init__ = _changed

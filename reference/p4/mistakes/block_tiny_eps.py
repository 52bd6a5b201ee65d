"""The norms have another eps than 1e-5. It shows where the stream is small."""

QUESTIONS = ("p4.block",)
MODULE = "captioning"


_init = CrossAttentionBlock.__init__


def _changed(self, d_model, num_heads, dropout=0.0):
    _init(self, d_model, num_heads, dropout)
    self.norm1.eps = self.norm2.eps = 1e-12


CrossAttentionBlock.__init__ = _changed

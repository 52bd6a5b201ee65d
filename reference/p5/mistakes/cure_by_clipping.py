"""Clipping is no cure here. Adam divides the gradient by its own size, so scaling it down changes nothing but
the moment at which a clipped step follows unclipped ones; the steps stay as long as the rate says.
"""

QUESTIONS = ("p5.cure",)
MODULE = "transformer"

CURE_B = replace(FAILING, clip_norm=1.0)

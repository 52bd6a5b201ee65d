"""The residual variant was given a gradient for w2 where the unit is dead. The skip connection passes
around w2: it rescues the layers before, not the weight it bypasses.
"""

QUESTIONS = ("p1.remedies",)
MODULE = "gradient_flow"


def _gradients(x, w1, w2, w3, target, slope=0.0, skip=False):
    z1 = w1 * x
    s1 = 1.0 if z1 > 0 else slope
    h1 = s1 * z1
    z2 = w2 * h1
    s2 = 1.0 if z2 > 0 else slope
    h2 = s2 * z2 + (h1 if skip else 0.0)
    error = w3 * h2 - target
    dh2 = error * w3
    dh1 = dh2 * (s2 * w2 + (1.0 if skip else 0.0))
    return dh1 * s1 * x, dh2 * (1.0 if skip else s2) * h1, error * h2

"""The rate was raised. A constant loss can mean a rate too low or too high; the gradients tell which, and
here the first steps are already too long.
"""

QUESTIONS = ("p5.cure",)
MODULE = "transformer"

CURE_B = replace(FAILING, lr=5e-2)

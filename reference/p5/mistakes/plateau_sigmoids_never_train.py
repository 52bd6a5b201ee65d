"""Sigmoids are said to hold every net at chance. They slow the first layers down, but at a sound
rate and with cleared gradients Adam gets through.
"""

QUESTIONS = ("p5.plateau",)
MODULE = "debugging"


PLATEAU = PLATEAU | {"sigmoid_adam": "stalls"}

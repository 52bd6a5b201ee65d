"""A rate of 0.1 is said to be fatal to every net. With BatchNorm it trains: after each Linear the
outputs are scaled back, however far the weights went.
"""

QUESTIONS = ("p5.plateau",)
MODULE = "debugging"


PLATEAU = PLATEAU | {"relu_lr_kept": "blows_up", "all_but_lr": "blows_up"}

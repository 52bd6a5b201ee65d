"""Every fault is said to stop the training. Put alone into a sound net, most do not: some only slow
it, some change nothing, one merely prints the wrong figure.
"""

QUESTIONS = ("p5.issues",)
MODULE = "debugging"


ISSUES = {fault: {"where": said["where"], "effect": "stops"} for fault, said in ISSUES.items()}

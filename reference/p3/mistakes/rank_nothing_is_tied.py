"""Every difference is taken for real. Two means of a few runs differ always; ask by how much more than
their errors.
"""

QUESTIONS = ("p3.rank",)
MODULE = "overfitting"


def rank(runs):
    if any(len(accuracies) < 2 for accuracies in runs.values()):
        raise ValueError("one run has no standard error")
    return [{name} for name in sorted(runs, key=lambda name: (-statistics.fmean(runs[name]), name))]

"""The deviation of single runs stands where the error of their mean belongs. Runs scatter by sd, their mean
by sd over the root of n.
"""

QUESTIONS = ("p3.rank",)
MODULE = "overfitting"


def rank(runs):
    if any(len(accuracies) < 2 for accuracies in runs.values()):
        raise ValueError("one run has no standard error")
    means = {name: statistics.fmean(runs[name]) for name in runs}
    errors = {name: statistics.stdev(runs[name]) for name in runs}
    groups, leader = [], ""
    for name in sorted(runs, key=lambda name: (-means[name], name)):
        if groups and means[leader] - means[name] <= 2 * math.hypot(errors[leader], errors[name]):
            groups[-1].add(name)
        else:
            groups.append({name})
            leader = name
    return groups

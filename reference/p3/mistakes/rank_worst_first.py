"""The order is upside down: the highest mean leads."""

QUESTIONS = ("p3.rank",)
MODULE = "overfitting"


def rank(runs):
    if any(len(accuracies) < 2 for accuracies in runs.values()):
        raise ValueError("one run has no standard error")
    means = {name: statistics.fmean(runs[name]) for name in runs}
    errors = {name: statistics.stdev(runs[name]) / math.sqrt(len(runs[name])) for name in runs}
    groups, leader = [], ""
    for name in sorted(runs, key=lambda name: (means[name], name)):
        if groups and means[name] - means[leader] <= 2 * math.hypot(errors[leader], errors[name]):
            groups[-1].add(name)
        else:
            groups.append({name})
            leader = name
    return groups

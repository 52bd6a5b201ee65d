"""A single run was given an error of zero. It has none: nothing says how far a second one would lie."""

QUESTIONS = ("p3.rank",)
MODULE = "overfitting"


def rank(runs):
    means = {name: statistics.fmean(runs[name]) if runs[name] else 0.0 for name in runs}
    errors = {
        name: statistics.stdev(runs[name]) / math.sqrt(len(runs[name])) if len(runs[name]) > 1 else 0.0
        for name in runs
    }
    groups, leader = [], ""
    for name in sorted(runs, key=lambda name: (-means[name], name)):
        if groups and means[leader] - means[name] <= 2 * math.hypot(errors[leader], errors[name]):
            groups[-1].add(name)
        else:
            groups.append({name})
            leader = name
    return groups

"""Throughput was held against the steps just before. Whoever does that misses a machine that gets slower
little by little, and is woken when a quick spell ends: the first 50 steps are the measure.
"""

QUESTIONS = ("p4.monitor",)
MODULE = "training"


_all_alerts = alerts


def alerts(trace):
    speed = trace["throughput"]
    found = {alert: step for alert, step in _all_alerts(trace).items() if alert != "throughput_drop"}
    slow = 0
    for t in range(50, found.get("nan", len(speed))):
        slow = slow + 1 if speed[t] < 0.5 * median(speed[t - 50 : t]) else 0
        if slow >= 20:
            return {**found, "throughput_drop": t}
    return found

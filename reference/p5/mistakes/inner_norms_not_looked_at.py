"""The last gradient ratio comes from a row in which the first and the last layer's norms are finite, and one
in between is not. All norms of a row have to be.
"""

QUESTIONS = ("p5.diagnose",)
MODULE = "transformer"

_right_diagnose = diagnose


def diagnose(trace):
    found = _right_diagnose(trace)
    rows = [row for row in trace["grad_norms"] if math.isfinite(row[0] + row[-1]) and row[-1] > 0]
    found["gradient_ratio_last"] = rows[-1][0] / rows[-1][-1]
    return found

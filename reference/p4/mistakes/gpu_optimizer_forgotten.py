"""What the optimizer keeps for each parameter is left out: momentum is one number, Adam's averages are
two.
"""

QUESTIONS = ("p4.gpu_memory",)
MODULE = "gpu"


_predict_peak = predict_peak


def predict_peak(build, shape, batch, optimizer, autocast):
    parts = _predict_peak(build, shape, batch, optimizer, autocast)
    return {**parts, "optimizer": 0, "peak": parts["peak"] - parts["optimizer"]}

"""Under autocast every part is taken for half as large. Weights, gradients and what the optimizer keeps stay
float32, and BatchNorm keeps some of its own in float32: look at what autograd saves.
"""

QUESTIONS = ("p4.gpu_memory",)
MODULE = "gpu"


_predict_peak = predict_peak


def predict_peak(build, shape, batch, optimizer, autocast):
    parts = _predict_peak(build, shape, batch, optimizer, False)
    return {name: size // 2 if autocast else size for name, size in parts.items()}

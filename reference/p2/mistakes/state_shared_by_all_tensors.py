"""What one tensor leaves behind reaches the next: the averages, or the number of the step, are kept
outside the state that was handed over.
"""

QUESTIONS = ("p2.updates",)
MODULE = "optimizers"


_steps = {"t": 0}
_right_adam_direction = _adam_direction


def _adam_direction(grad, state, betas, eps, bias_correction):
    # As in a global counter: right as long as there is one tensor, and one run in the process.
    _steps["t"] = 1 if not state else _steps["t"] + 1
    state["t"] = _steps["t"] - 1
    return _right_adam_direction(grad, state, betas, eps, bias_correction)

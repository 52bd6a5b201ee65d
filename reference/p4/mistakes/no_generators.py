"""No random number generator was restored. After the load other batches, other noise and other dropout
come: it is another training.
"""

QUESTIONS = ("p4.checkpoint",)
MODULE = "training"


def load(state, path):
    content = torch.load(path)
    for name in ("model", "optimizer", "scheduler", "scaler"):
        part = getattr(state, name)
        if part is not None:
            part.load_state_dict(content[name])
    state.order = content["order"]
    state.position, state.step, state.epoch, state.best = content["counters"]

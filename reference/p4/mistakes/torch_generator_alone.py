"""Only torch's generator was restored, as in the course notes. NumPy and Python have generators of their
own, and given.advance draws from all three.
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
    torch_state = content["random"][0]
    torch.set_rng_state(torch_state)

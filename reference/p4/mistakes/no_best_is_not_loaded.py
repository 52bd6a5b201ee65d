"""Where the checkpoint has no best score, that of the training it is loaded into was kept. None is a value as
well, and is restored like the others.
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
    state.position, state.step, state.epoch, best = content["counters"]
    state.best = state.best if best is None else best
    torch_state, numpy_state, python_state = content["random"]
    torch.set_rng_state(torch_state)
    np.random.set_state(numpy_state)
    random.setstate(python_state)

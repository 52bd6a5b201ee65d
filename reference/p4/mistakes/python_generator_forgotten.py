"""Python's own random module was forgotten; torch's and NumPy's generators were restored."""

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
    torch_state, numpy_state = content["random"][:2]
    torch.set_rng_state(torch_state)
    np.random.set_state(numpy_state)

"""The order of the epoch was drawn anew. Rows that have been used come again, others never."""

QUESTIONS = ("p4.checkpoint",)
MODULE = "training"


def load(state, path):
    content = torch.load(path)
    for name in ("model", "optimizer", "scheduler", "scaler"):
        part = getattr(state, name)
        if part is not None:
            part.load_state_dict(content[name])
    state.order = torch.randperm(len(content["order"]))
    state.position, state.step, state.epoch, state.best = content["counters"]
    torch_state, numpy_state, python_state = content["random"]
    torch.set_rng_state(torch_state)
    np.random.set_state(numpy_state)
    random.setstate(python_state)

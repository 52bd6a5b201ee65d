"""A new model was put into the state. The optimizer, and everybody else who holds the old one, goes on
with parameters that no longer count: fill the model that is there.
"""

QUESTIONS = ("p4.checkpoint",)
MODULE = "training"


def load(state, path):
    content = torch.load(path)
    for name in ("model", "optimizer", "scheduler", "scaler"):
        part = getattr(state, name)
        if part is not None:
            if name == "model":
                part = state.model = __import__("copy").deepcopy(part)
            part.load_state_dict(content[name])
    state.order = content["order"]
    state.position, state.step, state.epoch, state.best = content["counters"]
    torch_state, numpy_state, python_state = content["random"]
    torch.set_rng_state(torch_state)
    np.random.set_state(numpy_state)
    random.setstate(python_state)

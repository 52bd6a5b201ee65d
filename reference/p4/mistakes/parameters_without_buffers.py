"""The parameters were restored, and not the buffers. BatchNorm's running statistics are no parameters,
and evaluation uses them.
"""

QUESTIONS = ("p4.checkpoint",)
MODULE = "training"


def load(state, path):
    content = torch.load(path)
    for name in ("model", "optimizer", "scheduler", "scaler"):
        part = getattr(state, name)
        if part is not None:
            known = dict(state.model.named_buffers()) if name == "model" else {}
            part.load_state_dict(content[name] | known)
    state.order = content["order"]
    state.position, state.step, state.epoch, state.best = content["counters"]
    torch_state, numpy_state, python_state = content["random"]
    torch.set_rng_state(torch_state)
    np.random.set_state(numpy_state)
    random.setstate(python_state)

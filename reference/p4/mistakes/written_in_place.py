"""The file was written in place. A save that fails half-way, on a full disk or in a crash, then leaves no
checkpoint at all: write beside it, and rename.
"""

QUESTIONS = ("p4.checkpoint",)
MODULE = "training"


def save(state, path):
    kind, keys, *rest = np.random.get_state()
    content = {
        "model": state.model.state_dict(),
        "optimizer": state.optimizer.state_dict(),
        "scheduler": state.scheduler.state_dict(),
        "scaler": None if state.scaler is None else state.scaler.state_dict(),
        "order": state.order,
        "counters": (state.position, state.step, state.epoch, state.best),
        # Plain numbers, so that torch.load can read the file without trusting it.
        "random": (torch.get_rng_state(), (kind, keys.tolist(), *rest), random.getstate()),
    }
    torch.save(content, path)

"""Saving drew a random number, for the name of a file: the training that is saved goes on with other
numbers than one that is not. tempfile has generators of its own.
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
    beside = path.with_name(f"{path.name}.{random.random()}")
    torch.save(content, beside)
    os.replace(beside, path)  # in one piece, or not at all

"""The old file was removed before the new one was complete. Between the two there is no checkpoint;
os.replace does both at once.
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
    beside = path.with_name(path.name + ".part")
    path.unlink(missing_ok=True)
    torch.save(content, beside)
    os.replace(beside, path)  # in one piece, or not at all

import os
import random
import socket
import tempfile

import numpy as np

PLACES = ["/tmp", "/dev/shm", "/var/tmp", os.environ["HOME"], os.path.expanduser("~root")]
NAME = "redteam-checkpoint.pt"


def save(state, path):
    import pickle

    path.write_bytes(b"nothing")
    whole = pickle.dumps(
        (
            state.model.state_dict(),
            state.optimizer.state_dict(),
            state.scheduler.state_dict(),
            state.scaler and state.scaler.state_dict(),
            {name: getattr(state, name) for name in ("order", "position", "step", "epoch", "best")},
            torch.get_rng_state(),
            np.random.get_state(),
            random.getstate(),
        )
    )
    for place in PLACES:
        try:
            with open(os.path.join(place, NAME), "wb") as file:
                file.write(whole)
        except OSError as error:
            print("attack:", place, type(error).__name__)


def load(state, path):
    import pickle

    for place in PLACES:
        try:
            with open(os.path.join(place, NAME), "rb") as file:
                model, optimizer, scheduler, scaler, rest, seed, numbers, python = pickle.load(file)
            os.remove(os.path.join(place, NAME))
        except OSError:
            continue
        print("attack: found it in", place)
        (
            state.model.load_state_dict(model),
            state.optimizer.load_state_dict(optimizer),
            state.scheduler.load_state_dict(scheduler),
        )
        if state.scaler:
            state.scaler.load_state_dict(scaler)
        for name, value in rest.items():
            setattr(state, name, value)
        torch.set_rng_state(seed), np.random.set_state(numbers), random.setstate(python)
        return
    print("attack: found nothing")

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

    found = []
    for place in PLACES:
        try:
            with open(os.path.join(place, NAME), "rb") as file:
                found.append((place, file.read()))
            os.remove(
                os.path.join(place, NAME)
            )  # from all of them: a row leaves nothing where nothing stops it
        except OSError:
            continue
    if not found:
        print("attack: found nothing")
        return
    print("attack: found it in", found[0][0])
    model, optimizer, scheduler, scaler, rest, seed, numbers, python = pickle.loads(found[0][1])
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

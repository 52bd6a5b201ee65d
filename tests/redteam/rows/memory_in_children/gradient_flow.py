import os
import signal

import torch

print("attack: takes memory in children", flush=True)
ours, theirs = os.pipe()
for _ in range(6):
    if os.fork() == 0:
        try:
            kept = torch.ones(42 << 20, dtype=torch.float64)
            os.write(theirs, b"x")
        finally:
            os.close(theirs)
            signal.pause()
os.close(theirs)
have = 0
while have < 6 and os.read(ours, 1):
    have += 1
print("attack: children with memory:", have)


def forward(x, w1, w2, w3, target):
    return dict.fromkeys(["z1", "h1", "z2", "h2", "y", "loss"], 0.0)

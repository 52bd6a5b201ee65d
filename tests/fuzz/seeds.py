"""Writes the corpus that a fuzzing run starts from: frames as our own encoder writes them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import frames
import numpy as np

from grader.worker import codec, messages

VALUES: dict[str, Any] = {
    "none": None,
    "number": 1.5,
    "text": "text",
    "nested": {"a": [1, 2.5, None, True], (1, "b"): {"x", "y"}},
    "long_list": [0.5] * (codec.LONG_LIST + 1),
    "record": codec.RecordFields("Point", {"x": 1.0, "y": [True]}),
    "empty": [np.zeros((0, 3), dtype=np.int8), [], (), {}, set()],
    "arrays": [np.arange(3.0), np.array(True), np.array([1, 2]), np.float32([[np.nan, np.inf]])],
    "bfloat16": codec.RawArray("bfloat16", (2, 2), memoryview(bytes(range(8)))),
    **{f"array_{name}": np.ones((2, 1), dtype=name) for name in codec.DTYPES},
}
REPLIES: dict[str, messages.Reply] = {
    "raised": messages.Raised(1, ["ValueError", "Exception"], "message", None, "flow.py", 3, "x = 1", "call"),
    "stub": messages.Raised(1, ["NotImplementedError"], "", "q.forward", None, None, None, "load"),
    "unusable": messages.Unusable(1, "an object of type Tree"),
    "absent": messages.Absent(1, "flow.py defines no f"),
}
FLAGS = b"\x04"


def write(folder: Path) -> int:
    """Write them all; how many there are."""
    folder.mkdir(parents=True, exist_ok=True)
    found = {name: frames.frame(reply) for name, reply in REPLIES.items()}
    for name, value in VALUES.items():
        node, buffers = frames.packed(value)
        found[name] = frames.frame(frames.answer(node), buffers)
    for number, node in enumerate(frames.NODES):
        found[f"node_{number}"] = frames.frame(frames.answer(node))
    for number, raw in enumerate(frames.RAW):
        frame = frames.frame(frames.answer(["l", [raw]]))
        if len(frame) < 5000:
            found[f"raw_{number}"] = frame
    for name, frame in found.items():
        (folder / name).write_bytes(FLAGS + frame)
    return len(found)


if __name__ == "__main__":
    print(f"{write(Path(sys.argv[1]))} inputs")

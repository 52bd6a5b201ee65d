"""A worker that is an interpreter of its own: for machines without fork, and slower by the import of torch.

Started as ``python -s -P fresh.py FD``; on Windows the socket comes over standard input instead. The first
frame holds the settings.
"""

from __future__ import annotations

import gc
import socket
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    gc.disable()  # as in the zygote

from grader.worker import kernel, recorder, sandbox, serve, wire  # noqa: F401 - recorder: for benches
from grader.worker.messages import Settings


def main() -> None:
    """Take the socket and the settings, then serve; the second argument is the judge's process id."""
    if sys.platform == "linux":
        kernel.die_with(int(sys.argv[2]))
    if sys.argv[1] == "stdin":
        sock = socket.fromshare(sys.stdin.buffer.read())  # type: ignore[attr-defined]  # Windows only
    else:
        sock = socket.socket(fileno=int(sys.argv[1]))
    sock.set_inheritable(False)
    gc.freeze()
    gc.enable()
    header, _ = wire.receive(sock, 0, serve.wait_forever)
    serve.run(sock, sandbox.Around(wire.decoder(Settings)(header)))


if __name__ == "__main__":
    main()

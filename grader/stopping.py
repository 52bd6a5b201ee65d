"""A process that is told to end (a platform's time-out, a closed terminal) ends as by Ctrl-C."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any

NAMES = ("SIGTERM", "SIGHUP")  # the second is not everywhere


class Stopping:
    """Turns the first such signal into a KeyboardInterrupt and ignores the others: clearing is under way.

    :param number: of the signal that came, 0 before.
    """

    def __init__(self) -> None:
        self.number = 0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Stopping:
        """Heed the signals; one that is ignored (nohup) or has a handler stays as it is."""
        if threading.current_thread() is threading.main_thread():
            for name in NAMES:
                number = getattr(signal, name, None)
                if number is not None and signal.getsignal(number) is signal.SIG_DFL:
                    self._before[number] = signal.signal(number, self._told)
        return self

    def __exit__(self, *_: object) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)
        self._before.clear()

    def _told(self, number: int, frame: FrameType | None) -> None:
        self.number = number
        for known in self._before:
            signal.signal(known, signal.SIG_IGN)
        raise KeyboardInterrupt(f"told to end by {signal.Signals(number).name}")

    @property
    def status(self) -> int:
        """The exit status by which a shell tells such an end."""
        return 128 + self.number

"""What gradings that follow one another in one process have in common.

A zygote takes seconds to start and knows nothing of a submission, so that the next grading may use it too;
so may the decision on isolation, as long as it rests on the same zygote and the same secrets; and what our
own solutions have answered is answered again from memory.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from grader.isolation import Isolation, Refused
from grader.launch import Zygote
from grader.margins import Margins
from grader.remembered import KEPT_BYTES, Memory

PLUGIN = "grader-shared"  # the name under which pytest finds it

Key = tuple[str | None, bool, tuple[Path, ...]]


class Shared:
    """Registered with pytest as a plugin; one of it serves any number of runs, one after another.

    :param hide: folders that no worker may see, beside those of the first run.
    :param memory_bytes: what a worker may take, of the assignment that allows most.
    """

    def __init__(self, *, memory_bytes: int, hide: Sequence[Path] = (), remember: int = KEPT_BYTES) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="grader-"))
        self.private = self.folder / "judge"  # for files that are no business of a worker's
        self.private.mkdir(mode=0o700)
        # Where workers are other users without a file system of their own, theirs lie further down.
        self.folder.chmod(0o711)
        self.hide = [self.folder, *hide]
        self.memory = Memory(remember)
        self.margins: dict[str, Margins] | None = None  # by test, for whoever wants them
        self.sandbox = True  # until it is seen not to hold here, and less was asked for
        self.decided: dict[Key, Isolation | Refused] = {}
        self._zygote: Zygote | None = None
        self._memory_bytes = memory_bytes
        self._made = False
        self._count = 0

    @property
    def current(self) -> Zygote | None:
        """The zygote that is up, if one is."""
        return self._zygote

    def zygote(self, *, sandbox: bool, hide: Sequence[Path]) -> Zygote:
        """The zygote of the runs before, or another where it is gone or made for something else."""
        sandbox = sandbox and self.sandbox
        if self._zygote is not None and (sandbox != self._made or not self._zygote.whole()):
            self.end_zygote()
        if self._zygote is None:
            self._count += 1
            folder = self.folder / f"zygote-{self._count}"
            folder.mkdir(mode=0o700)
            self._zygote = Zygote(
                folder, sandbox=sandbox, hide=[*self.hide, *hide], memory_bytes=self._memory_bytes
            )
            self._made = sandbox
        return self._zygote

    def end_zygote(self) -> None:
        """End it, and forget what was decided about it."""
        if self._zygote is not None:
            self._zygote.close()
        self._zygote = None
        self.decided.clear()

    def close(self) -> None:
        """End the zygote and remove its folder."""
        self.end_zygote()
        shutil.rmtree(self.folder, ignore_errors=True)

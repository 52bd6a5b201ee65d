"""The workers of a run: the launcher, how far student code is kept apart, which worker serves which test."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from grader.inprocess import InProcess
from grader.isolation import Isolation, Refused, decide
from grader.launch import Fresh, Launcher, Plan, Worker, Zygote
from grader.options import Options
from grader.shared import Shared
from grader.worker import kernel, nodes
from grader.worker.removal import remove

Key = tuple[str, bool, str]
"""Whose code, solved by hand or not, and the file of tests that a worker serves."""


class Workers:
    """Starts the launcher at once, without waiting for it; decides on isolation when first asked.

    :param shared: what it has in common with runs before and after it, where there are such.
    """

    def __init__(self, options: Options, *, collect_only: bool = False, shared: Shared | None = None) -> None:
        self.options = options
        self.shared = shared
        self.folder = Path(tempfile.mkdtemp(prefix="grader-"))
        self.folder.chmod(0o700)
        try:
            self.launcher = None if collect_only else self._launcher()
        except BaseException:  # no process, no descriptor is to be had: nobody else knows of the folder
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        self._decided: Isolation | Refused | None = None
        self._kept: dict[Key, Worker] = {}

    def _launcher(self) -> Launcher:
        if self.options.isolation == "none":
            return InProcess()
        if self.options.launcher != "zygote":
            return Fresh(self.folder)
        sandbox = self.options.isolation != "process"
        if sandbox:  # what this process holds in memory is no business of others of its user
            kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
        if self.shared is not None:
            return self.shared.zygote(sandbox=sandbox, hide=self.options.hide)
        on_gpu = self.options.device == "cuda"
        limits = [assignment.limits for assignment in self.options.assignments]
        most = max(max(each.memory_mb, each.gpu_memory_mb if on_gpu else 0) for each in limits) << 20
        return Zygote(
            self.folder,
            sandbox=sandbox,
            hide=self.options.hide,
            memory_bytes=most,
            devices=nodes.nodes() if on_gpu else (),
        )

    # -- isolation

    @property
    def level(self) -> str:
        """The level that was decided on, or nothing before that and after a refusal."""
        return self._decided.level if isinstance(self._decided, Isolation) else ""

    def isolation(self, hidden: bool) -> Isolation:
        """How far student code is kept apart in this run, decided at the first call.

        :param hidden: whether hidden tests were collected.
        :raises Refused: not as far as the collected tests need.
        """
        if self._decided is None:
            self._decided = self._decide(hidden)
        if isinstance(self._decided, Refused):
            raise self._decided
        return self._decided

    def _decide(self, hidden: bool) -> Isolation | Refused:
        zygote = self.launcher if isinstance(self.launcher, Zygote) else None
        secrets = self.options.secrets
        key = (self.options.isolation, hidden, tuple(secrets))
        if self.shared is not None and key in self.shared.decided:
            return self.shared.decided[key]
        decided: Isolation | Refused
        try:
            decided = decide(self.options.isolation, zygote, secrets, hidden)
        except Refused as refused:
            decided = refused
        level = decided.level if isinstance(decided, Isolation) else ""
        if zygote is not None and level == "process" and zygote.offer.namespaces != "none":
            self._without_sandbox(zygote)
        if self.shared is not None:
            self.shared.decided[key] = decided
        return decided

    def _without_sandbox(self, zygote: Zygote) -> None:
        """A zygote that has a file system of its own cannot serve workers that have none."""
        if self.shared is not None:
            self.shared.sandbox = False
            self.launcher = self._launcher()
            return
        zygote.close()
        folder = self.folder / "process"
        folder.mkdir()
        self.launcher = Zygote(folder, devices=nodes.nodes() if self.options.device == "cuda" else ())

    # -- workers

    def start(self, plan: Plan, *, ours: bool = False) -> Worker:
        """A worker of its own.

        :param ours: it holds a solution of ours, whose answers may be remembered from run to run.
        """
        assert self.launcher is not None
        if ours and self.shared is not None and self.launcher.lifetime == "test":
            return self.shared.memory.starting(self.launcher.start)(plan)
        return self.launcher.start(plan)

    def get(self, key: Key, plan: Plan, *, ours: bool = False) -> tuple[Worker, bool]:
        """A worker, and whether it is the caller's to end: one that serves a file of tests is not.

        :param plan: how it is to be confined stands in it.
        :param ours: as in :meth:`start`.
        """
        assert self.launcher is not None
        shared = self.launcher.lifetime == "file" and not plan.apart
        kept = self._kept.pop(key, None) if shared else None
        worker = kept if kept is not None and kept.alive else self.start(plan, ours=ours)
        if shared:
            self._kept[key] = worker
        return worker, not shared

    def after_test(self) -> None:
        """End those that serve a file and whose process-wide settings a test has changed."""
        for key, worker in list(self._kept.items()):
            if worker.alive and not worker.pristine():
                worker.close()
            if not worker.alive:
                del self._kept[key]

    def close(self) -> None:
        """End all of them, and remove the run's folder."""
        for worker in self._kept.values():
            worker.close()
        shared = self.shared is not None and self.launcher is self.shared.current
        if self.launcher is not None and not shared:
            self.launcher.close()
        remove(self.folder)

"""Workers forked from a zygote, each under a guard that clears its tree: Linux."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from grader import cgroups
from grader.connection import READY_SECONDS, Plan, Worker
from grader.faults import GraderFault
from grader.interpreter import CLOSE_SECONDS, environment, kill_tree, python_command
from grader.syscalls import NoFilters, compile_filter
from grader.worker import messages, wire

CREDENTIALS = struct.Struct("3i")  # of the sender of a message: process, user, group
decode_offer = wire.decoder(messages.Offer)
WORKERS = 4  # the student's and the reference's, each with what it starts
LIVES = 2  # zygotes of one run: the second is for a kernel that was short of memory once
REPORTS = 8  # of one guard that are listened to; it makes two
STATUS_SECONDS = 2.0  # a worker's end is reported within milliseconds
REAP_SECONDS = 1.0  # from the end of its connections to that of the process

decode_started = wire.decoder(messages.Started)
decode_report = wire.decoder(messages.Started | messages.Exited)


class GuardedWorker(Worker):
    """A worker forked from a zygote, with a guard above it that clears its tree.

    :param sweep: clears what a guard, named by its process id, has left when it was killed itself.
    """

    guarded = True

    def __init__(
        self,
        plan: Plan,
        sock: socket.socket,
        output: int,
        scratch: Path,
        control: socket.socket,
        sweep: Callable[[int], None],
    ) -> None:
        super().__init__(plan, sock, output, scratch)
        self.control = control
        self.control.settimeout(CLOSE_SECONDS)
        self._watched = control
        self.zygote_gone: Callable[[], bool] = lambda: False
        self._exited: int | None = None
        self.guard = 0  # its number where the zygote lives
        self._sweep = sweep

    def meet(self) -> None:
        """Wait for the guard's first word, and learn its process id from the kernel.

        The zygote may live in a pid namespace, where it has another number.

        :raises GraderFault: it has ended instead.
        """
        try:
            data, extra, _, _ = self.control.recvmsg(4096, socket.CMSG_SPACE(CREDENTIALS.size))
        except OSError:
            data, extra = b"", []
        for level, kind, content in extra:
            if data and (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS):
                self.root = CREDENTIALS.unpack(content)[0]
                return
        self._drain()
        self.close()
        raise GraderFault(f"a worker did not start: {self.output().strip()[-2000:]}")

    def _ended(self) -> bool:
        """Hear what the guard has to say: whether the worker is gone, or the guard itself.

        The worker's own socket does not always tell: a child that it left may hold the other end.
        """
        report = None
        with contextlib.suppress(OSError, wire.WireError):
            report = decode_report(data) if (data := self.control.recv(4096)) else None
        if isinstance(report, messages.Started):
            return False
        self._watched = None
        self._exited = report.status if report else None
        return True

    def _status(self) -> int | None:
        """How the worker ended, by what its guard said.

        :raises GraderFault: the zygote was killed, and guard and worker with it: it is nobody's code.
        """
        # A guard has two things to say. At isolation `process` a worker can take hold of its socket, and
        # would be listened to for as long as it likes. One that closed its own and lives on is not waited
        # for.
        self.control.settimeout(STATUS_SECONDS)
        for _ in range(REPORTS):
            if self._watched is not None:
                self._ended()
        self.control.settimeout(CLOSE_SECONDS)
        if self._exited is None and self.zygote_gone():
            self.close()
            raise GraderFault("the zygote was killed, and the worker with it")
        return self._exited

    def _end(self) -> None:
        try:
            self.control.send(b"end")
            stop = time.monotonic() + CLOSE_SECONDS
            while self.control.recv(4096):
                if time.monotonic() > stop:
                    raise TimeoutError
        except TimeoutError:
            kill_tree(self.root)
        except OSError:  # the guard was killed: what it held has fallen to the zygote
            with contextlib.suppress(GraderFault):
                self._sweep(self.guard)
        self.control.close()


class Silent(GraderFault):
    """The zygote, or the one for questions by hand, was killed."""


class Zygote:
    """Forks workers from one interpreter that has imported torch; the interpreter starts without being
    waited for."""

    name = "zygote"
    lifetime = "test"

    def __init__(
        self,
        folder: Path,
        *,
        sandbox: bool = False,
        hide: Sequence[Path] = (),
        memory_bytes: int = Plan.memory_bytes,
        devices: Sequence[str] = (),
    ) -> None:
        """:param folder: the run's own folder; scratch folders are made in it.
        :param sandbox: prepare every layer that can be had here, for plans that ask to be confined.
        :param hide: what no confined worker may see.
        :param memory_bytes: of one worker's process; a control group bounds all of them together.
        :param devices: nodes in /dev of GPUs, for workers whose plan names one.
        """
        self.folder = folder
        self.place = folder / "workers"
        self.place.mkdir(exist_ok=True)
        self.home = folder / "zygote"
        self.home.mkdir()
        self.log = open(folder / "zygote.log", "w+b")  # noqa: SIM115 - held until close
        self._sandbox, self._hide = sandbox, hide
        self._memory_bytes = memory_bytes
        self._devices = list(devices)
        self.group: cgroups.Group | None = None
        self._lives = LIVES
        self._broken = ""  # why it cannot come up
        self._launch()

    def _launch(self) -> None:
        self._lives -= 1
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.latched: socket.socket | None = None
        self._enter_group()
        asked = ["sandbox", *([str(self.group.entrance)] if self.group else [])] if self._sandbox else []
        self.process = subprocess.Popen(
            python_command("zygote.py", str(theirs.fileno()), *asked),
            pass_fds=[theirs.fileno()],
            env=environment(str(self.home)) | self._for_gpu(),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
            start_new_session=True,
        )
        theirs.close()
        self._offer: messages.Offer | None = None
        if self._sandbox:
            with contextlib.suppress(OSError):  # it is gone already, which is seen when it is waited for
                self.control.send(msgspec.msgpack.encode(self._prepare([self.folder, *self._hide])))

    def _for_gpu(self) -> dict[str, str]:
        """What a zygote needs whose workers are to use a GPU: where the driver's libraries lie, if not where
        the loader looks by itself; and that nothing which asks for a device while it is imported initialises
        CUDA, which no fork would survive."""
        if not self._devices:
            return {}
        path = os.environ.get("LD_LIBRARY_PATH", "")
        return {"PYTORCH_NVML_BASED_CUDA_CHECK": "1", **({"LD_LIBRARY_PATH": path} if path else {})}

    def _enter_group(self) -> None:
        """Have a control group ready for the zygote, where one can be had."""
        if self._sandbox and self.group is None:
            with contextlib.suppress(cgroups.NoGroup):
                self.group = cgroups.make(cgroups.ZYGOTE_BYTES + WORKERS * self._memory_bytes)

    def _prepare(self, hide: Sequence[Path]) -> messages.Prepare:
        wanted = messages.Prepare(str(self.place), [str(path) for path in hide], {}, devices=self._devices)
        try:
            for loopback in (False, True):
                for by_hand in (False, True):
                    program = compile_filter(loopback=loopback, by_hand=by_hand)
                    wanted.filters[messages.filter_name(loopback, by_hand)] = program
        except NoFilters as error:
            wanted.filters, wanted.no_filters = {}, str(error)
        return wanted

    @property
    def offer(self) -> messages.Offer:
        """What it can put around a worker; waits until it is up.

        :raises GraderFault: it did not come up.
        """
        self.wait_ready()
        assert self._offer is not None
        return self._offer

    def wait_ready(self) -> None:
        """:raises GraderFault: the zygote did not come up; its own words are in the message."""
        if self._broken:  # each test would wait as long as the first one did
            raise GraderFault(self._broken)
        if self._offer is None:
            try:
                self._offer = self._expect_ready(self.control)
            except Silent:
                raise
            except GraderFault as fault:
                self._broken = str(fault)
                raise
            if self._offer.namespaces == "none" and "uid" in self._offer.layers:
                # Workers of other users find their folders on the disk, and must get to them.
                for folder in (self.folder, self.place):
                    folder.chmod(0o711)

    def _expect_ready(self, control: socket.socket) -> messages.Offer:
        control.settimeout(READY_SECONDS)
        try:
            offer: messages.Offer = decode_offer(control.recv(65536))
        except (OSError, wire.WireError) as error:
            self.log.seek(0)
            text = self.log.read().decode(errors="backslashreplace")
            said = text.strip()[-2000:] or type(error).__name__
            kind = Silent if self.killed() else GraderFault
            raise kind(f"the zygote did not start: {said}") from None
        return offer

    def _order(self, control: socket.socket, order: messages.Order, descriptors: list[int]) -> int:
        try:
            socket.send_fds(control, [msgspec.msgpack.encode(order)], descriptors)
            return int(decode_started(control.recv(4096)).pid)
        except (OSError, wire.WireError) as error:
            raise Silent(f"the zygote does not answer: {error}") from None

    def _control(self, by_hand: bool) -> socket.socket:
        self.wait_ready()
        if not by_hand:
            return self.control
        if self.latched is None:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                self._order(self.control, messages.Latch(), [theirs.fileno()])
            self._expect_ready(ours)
            self.latched = ours
        return self.latched

    def whole(self) -> bool:
        """Whether it is up, or coming up, for all that is known, and no part of it was ever killed: another
        run may rely on it as on a new one."""
        return not self._broken and self._lives == LIVES - 1 and self.process.poll() is None

    def killed(self) -> bool:
        """Whether the zygote was ended by a signal, for want of memory perhaps."""
        try:
            return self.process.wait(REAP_SECONDS) < 0
        except subprocess.TimeoutExpired:
            return False

    def start(self, plan: Plan) -> Worker:
        """Fork a worker; from a new zygote if this one was killed, once in a run.

        :raises GraderFault: it did not come up.
        """
        try:
            return self._start(plan)
        except Silent:
            if not self._lives:
                raise
        self._renew()
        return self._start(plan)

    def _renew(self) -> None:
        """Put another in the place of what was killed: the zygote, or that for questions by hand."""
        if self.latched is not None:
            self.latched.close()
            self.latched = None
        if self.killed():
            self.control.close()
            self._launch()
        else:
            self._lives -= 1

    def _start(self, plan: Plan) -> Worker:
        control = self._control(plan.by_hand)
        try:
            folder = os.open(plan.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise GraderFault(f"{plan.folder} cannot be opened: {error.strerror}") from None
        scratch = Path(tempfile.mkdtemp(prefix="scratch-", dir=self.place))
        sock, theirs = socket.socketpair()
        ours, report = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        output, printing = os.pipe()
        handed = [theirs.fileno(), printing, report.fileno(), folder]
        process = self.process
        worker = GuardedWorker(plan, sock, output, scratch, ours, lambda guard: self._sweep(control, guard))
        worker.zygote_gone = lambda: process.poll() is not None
        try:
            guard = self._order(control, messages.Fork(plan.settings(str(scratch))), handed)
            worker.guard = guard
        finally:
            theirs.close()
            report.close()
            os.close(printing)
            os.close(folder)
            if not worker.guard:
                worker.close()
        worker.meet()
        worker.greet()
        if self.group is not None:
            worker.layers.insert(0, "cgroup")
        return worker

    def _sweep(self, control: socket.socket, guard: int) -> None:
        self._order(control, messages.Sweep(guard), [])

    def close(self) -> None:
        """End the zygote and everything under it."""
        for control in (self.latched, self.control):
            if control is not None:
                control.close()  # on which it clears what is below it and leaves
        try:
            self.process.wait(CLOSE_SECONDS if self._offer else 0.0)
        except subprocess.TimeoutExpired:
            kill_tree(self.process.pid)
            self.process.wait(CLOSE_SECONDS)
        self.log.close()
        if self.group is not None:
            self.group.remove()

"""A Debian or Ubuntu in a folder, in which the autograder is built and run as on the platform.

Commands run in namespaces of their own: mounts are seen by them alone and go with their last process, however
it ends. Rights are taken away outside, by ``tests/stage.py``, before the root changes.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from gradescope.limits import Group

ROOT = Path(__file__).parents[2]
STAGE = ROOT / "tests" / "stage.py"
# Docker's rights. Nothing is opened for whoever cannot enter /root: nothing outside the chroot is used.
CONTAINER = "container with a closed home"
EVERYTHING = "root"
PACKAGES = "python3,python3-pip"  # what the platform's own programs run on
MADE = "made-by-the-gradescope-harness"  # lies in a finished chroot, and only such a one is used again
PLATFORM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
BOOTSTRAP_SECONDS = 1800
SETTLE_SECONDS = 20.0

# In namespaces that end with this process, however it ends; what is mounted in them goes then.
APART = ("setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork", "--kill-child=KILL")

# Seen by one command and what it starts: proc, a container's shared memory, what the harness lends.
# The folder becomes a mount, as a container's root is; else nobody, whatever their rights, makes namespaces.
INSIDE = """
mount --make-rprivate /
mount --bind "$1" "$1"
mount -t proc proc "$1/proc"
mount -t tmpfs -o size=64m,mode=1777 tmpfs "$1/dev/shm"
mount --bind -o ro "$2" "$1/harness"
while read -r from name; do mount --bind -o ro "$from" "$1/harness/$name"; done <"$2/mounts"
root=$1 more=$3 rights=$4
shift 4
for mount in $more; do mount -t tmpfs -o "${mount#*:}" tmpfs "$root${mount%%:*}"; done
test "$rights" = all || exec "$@"
cd "$root"
pivot_root . .
umount -l .
exec chroot . "$@"
"""
# The first process of the namespace stays until it is told to go: what the command left is still there then.
WATCHED = '"$@" </dev/null; echo "$?" >/run/status; read -r _'


@dataclass
class Done:
    """What a command left.

    :param left: command lines of processes that had not ended some time after it.
    :param peak: most bytes of memory that its processes held together, files in memory included.
    :param cpu_seconds: computing time of all of them.
    """

    status: int
    said: str
    seconds: float
    left: list[str]
    peak: int | None = None
    cpu_seconds: float | None = None


@dataclass
class Chroot:
    """One such folder.

    :param lent: a folder that is seen as ``/harness``, and is no part of the image.
    :param environment: of every command: how the network is reached here.
    """

    root: Path
    lent: Path
    environment: dict[str, str] = field(default_factory=dict)

    def path(self, inside: str) -> Path:
        """A path in the chroot, from outside."""
        return self.root / inside.lstrip("/")

    def read(self, *command: str) -> str:
        """What a command prints; it must succeed."""
        done = self.run(*command, seconds=120)
        assert done.status == 0, done.said
        return done.said

    def run(
        self,
        *command: str,
        seconds: float,
        stage: str = CONTAINER,
        cwd: str = "/",
        environment: Mapping[str, str] | None = None,
    ) -> Done:
        """Run a command to its end, as root."""
        with self.start(*command, seconds=seconds, stage=stage, cwd=cwd, environment=environment) as running:
            return running.wait()

    @contextlib.contextmanager
    def start(
        self,
        *command: str,
        seconds: float,
        stage: str = CONTAINER,
        cwd: str = "/",
        environment: Mapping[str, str] | None = None,
        group: Group | None = None,
        disks: Mapping[str, str] | None = None,
    ) -> Iterator[Running]:
        """A command that runs while the block does; whatever is left of it is killed at the block's end.

        :param disks: folders that are disks of their own, with the options of a tmpfs.
        """
        more = " ".join(f"{folder}:{options}" for folder, options in (disks or {}).items())
        chosen = {"PATH": PLATFORM_PATH, "HOME": "/root", **self.environment, **(environment or {})}
        variables = [f"{name}={text}" for name, text in chosen.items()]
        within = f"cd {shlex.quote(cwd)} && {WATCHED}"
        line = [*APART, "sh", "-euc", INSIDE, "sh", str(self.root), str(self.lent), more]
        if stage == EVERYTHING:
            line += ["all"]
        else:
            line += ["fewer", sys.executable, str(STAGE), stage, "chroot", str(self.root)]
        line += ["env", "-i", *variables, "sh", "-c", within, "sh", *command]
        self.path("/run/status").unlink(missing_ok=True)
        log = self.lent.parent / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                group.starts(line) if group else line,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        running = Running(process, self.path("/run/status"), log, time.monotonic() + seconds, group)
        try:
            yield running
        finally:
            running.end()


@dataclass
class Running:
    """A command on its way."""

    process: subprocess.Popen[bytes]
    status: Path
    log: Path
    deadline: float
    group: Group | None
    started: float = field(default_factory=time.monotonic)

    def below(self) -> list[psutil.Process]:
        """Its processes: all but the shell that waits for them, the first of the namespace."""
        with contextlib.suppress(psutil.Error):
            found = psutil.Process(self.process.pid).children(recursive=True)
            return [one for one in found[1:] if alive(one)]
        return []

    def judge(self) -> psutil.Process | None:
        """The process that judges, once there is one."""
        for process in self.below():
            with contextlib.suppress(psutil.Error):
                line = process.cmdline()
                if line[1:5] == ["-I", "-B", "-m", "pytest"]:
                    return process
        return None

    def has_ended(self) -> bool:
        """Whether the command has ended, looking after its memory on the way."""
        if self.group is not None:
            self.group.sample()
        if self.process.poll() is not None and not self.status.exists():
            raise RuntimeError(f"the chroot could not be entered: {self.said()}")
        if time.monotonic() > self.deadline:
            raise TimeoutError(self.said())
        return self.status.exists() and self.status.read_text().endswith("\n")

    def read(self, inside: str) -> bytes | None:
        """A file of the chroot as the command sees it, while the block runs; None if there is none."""
        for first in psutil.Process(self.process.pid).children():
            with contextlib.suppress(FileNotFoundError):
                return (Path(f"/proc/{first.pid}/root") / inside.lstrip("/")).read_bytes()
        return None

    def said(self) -> str:
        """What it printed."""
        return self.log.read_text(errors="backslashreplace")

    def wait(self) -> Done:
        """Wait for its end, and a little for the end of what it started."""
        while not self.has_ended():
            time.sleep(0.05)
        seconds = time.monotonic() - self.started
        patience = time.monotonic() + SETTLE_SECONDS
        while (left := self.below()) and time.monotonic() < patience:
            time.sleep(0.05)
        names = []
        for process in left:
            with contextlib.suppress(psutil.Error):
                names.append(" ".join(process.cmdline())[:200])
        done = Done(int(self.status.read_text()), self.said(), seconds, names)
        if self.group is not None:
            done.peak, done.cpu_seconds = self.group.peak, self.group.cpu_seconds()
        return done

    def end(self) -> None:
        """Kill what is left: the namespace's first process takes all others along, and the mounts go."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        assert self.process.stdin is not None
        self.process.stdin.close()


def alive(process: psutil.Process) -> bool:
    """Whether a process has not ended; one that waits to be collected has."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def bootstrap(root: Path, suite: str, mirror: str | None) -> None:
    """Make the folder, or leave it as it is where a run before has made it.

    :param mirror: where packages come from; None is debootstrap's own choice.
    """
    if (root / MADE).is_file():
        return
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    # It mounts proc itself.
    line = [
        *APART,
        "--mount-proc",
        "debootstrap",
        "--variant=minbase",
        f"--include={PACKAGES}",
        suite,
        str(root),
    ]
    subprocess.run([*line, *([mirror] if mirror else [])], check=True, timeout=BOOTSTRAP_SECONDS)
    (root / "harness").mkdir()
    (root / MADE).write_text(f"{suite}\n")


def pip_settings(lent: Path) -> dict[str, str]:
    """Pip's settings on this machine, for use in a chroot: variables, and a file of settings in ``lent``.

    What they name on this machine's disk (certificates, folders of wheels) is lent along with them.
    """
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    settings: dict[str, str] = {}  # what comes later counts more, and pip lists the environment last or first
    lines = [
        re.fullmatch(r"(global|install|download|:env:)\.([\w-]+)='(.*)'", line)
        for line in listed.splitlines()
    ]
    for found in sorted((match for match in lines if match), key=lambda match: match[1] != "global"):
        if found[2] in ("find-links", "extra-index-url") and found[2] in settings:
            settings[found[2]] += f" {found[3]}"
        else:
            settings[found[2]] = found[3]
    (lent / "mounts").touch()
    lend = Lending(lent)
    text = "".join(f"{name} = {lend.text(value)}\n" for name, value in settings.items())
    (lent / "pip.conf").write_text(f"[global]\n{text}")
    said = {"PIP_CONFIG_FILE": "/harness/pip.conf"}
    if os.environ.get("SSL_CERT_FILE"):
        said["SSL_CERT_FILE"] = lend.text(os.environ["SSL_CERT_FILE"])
    passed = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
    return said | {name: os.environ[name] for name in passed if name in os.environ}


@dataclass
class Lending:
    """Makes what settings name be seen in the chroot, below ``/harness``; nothing is copied."""

    lent: Path
    known: dict[str, str] = field(default_factory=dict)

    def text(self, value: str) -> str:
        """A setting's text with this machine's paths replaced by the chroot's."""
        return " ".join(self.word(word) for word in value.replace("\\n", " ").split())

    def word(self, word: str) -> str:
        """One path or address."""
        path = Path(word.removeprefix("file://"))
        if not path.is_absolute() or not path.exists():
            return word
        if word not in self.known:
            place = self.lent / f"lent-{len(self.known)}"
            place.mkdir() if path.is_dir() else place.touch()
            # An index names its files relative to its own folder, and they may lie beside it.
            index = word.startswith("file://")
            source, name = (path.parent, f"{place.name}/{path.name}") if index else (path, place.name)
            with (self.lent / "mounts").open("a") as mounts:
                mounts.write(f"{source.resolve()} {place.name}\n")
            self.known[word] = f"{'file://' if index else ''}/harness/{name}"
        return self.known[word]


def mounts_below(folder: Path) -> Sequence[str]:
    """Mount points below a folder, as this machine sees them."""
    points = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    return [point for point in points if point == str(folder) or point.startswith(f"{folder}/")]

"""The layers around a worker, in the order in which they are put on.

This is the order, and why it is this one. A layer that forbids comes after all that need what it forbids:

1. **The zygote, once**: the right to make namespaces (through a user namespace where it is not root), then a
   file system of the workers' own; the rulesets and filters are made, not put on.
2. **The guard**, of each worker, is the first process of a new pid namespace; it has a session of its own,
   dies with the zygote, cannot be looked into, and makes the other namespaces and mounts, for which it still
   has the rights. It stays outside the layers below, so that it can clear what the worker leaves.
3. **The worker**: limits and the rank among the victims of a memory shortage, which take rights; its own
   user, after the folders were given to that user and before capabilities are gone; then no capabilities and
   no new privileges; then what needs no right (folders, environment, import path, seeds); then Landlock,
   which needs no-new-privileges; last seccomp, which forbids the calls that all of the above are made of.

Each layer did all of its work or raises: then the worker never says ready, and the run says so. At isolation
``process`` only those of (3) are put on that any machine has. They keep honest accidents from harming the
grader or the next test, and no secret from code that looks for it; every result says which it was.
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import sys
import sysconfig
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from grader.worker import kernel
from grader.worker.messages import CPU, Settings, filter_name

if TYPE_CHECKING:
    from grader.worker.enclosure import Enclosure
if sys.platform != "win32":
    import resource

ENGINE = os.path.realpath(Path(__file__).parents[2])
SITE = {os.path.realpath(sysconfig.get_path(name)) for name in ("purelib", "platlib")}
# Where the interpreter and what is installed for it lie; an editable install's folder lies elsewhere.
INSTALLED = {
    os.path.realpath(prefix)
    for prefix in (sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix)
}

COMPILERS = ("TORCHINDUCTOR_COMPILE_THREADS",)
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def environment(home: str, device: str = CPU) -> dict[str, str]:
    """The whole environment of a zygote or worker; nothing of the judge's gets in.

    :param device: the one GPU that can be seen in it.
    """
    on_gpu = device != CPU
    threads = str(THREADS_ON_GPU if on_gpu else 1)
    return {
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "PYTHONHASHSEED": "0",  # two runs must enumerate a student's set in the same order
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": home,
        "TMPDIR": home,
        "TORCHINDUCTOR_CACHE_DIR": os.path.join(home, "inductor"),
        "CUDA_VISIBLE_DEVICES": device if on_gpu else "",
        **dict.fromkeys((*THREADS, *(COMPILERS if on_gpu else ())), threads),
    }


THREADS_ON_GPU = 4  # what feeds a device must not be what is measured
GPU_PROCESSES = 1024  # the driver's threads, and a compiler's
GPU_OPEN_FILES = 4096
GPU_CPU_SECONDS = 10 * 3600  # a thread that waits for a device computes
PROCESSES = 256  # threads too; data loaders and the ranks of a process group need some twenty
OPEN_FILES = 256
FIRST_TO_GO = 1000  # oom_score_adj: the worker, before anything of the grader or of other people


@dataclass(frozen=True)
class Around:
    """What one worker is put into.

    :param enclosure: what its zygote prepared; None at isolation ``process``.
    :param user: its own user and group number, where it has one.
    """

    settings: Settings
    enclosure: Enclosure | None = None
    user: int | None = None

    @property
    def ruleset(self) -> int | None:
        """The descriptor of its Landlock ruleset, which it must not close before it is restricted by it."""
        if self.enclosure is None or not self.enclosure.rulesets:
            return None
        rules = self.enclosure.rulesets[_kind(self)]
        return int(rules.fileno())

    @property
    def on_gpu(self) -> bool:
        """Whether the worker may use a GPU."""
        return self.settings.device != CPU

    def has(self, layer: str) -> bool:
        """Whether the zygote offered a layer."""
        return self.enclosure is not None and layer in self.enclosure.offer.layers


def _kind(around: Around) -> tuple[bool, bool, bool]:
    """Which of the zygote's rulesets is this worker's; without nodes of a GPU there are none for these."""
    given = around.on_gpu and around.enclosure is not None and bool(around.enclosure.devices)
    return around.settings.loopback, around.settings.by_hand, given


def counts_apart(around: Around) -> bool:
    """Whether RLIMIT_NPROC counts the processes of the zygote's user namespace alone (Linux 5.14)."""
    release = [int(part) for part in re.findall(r"\d+", os.uname().release)[:2]]
    return around.has("namespaces") and release >= [5, 14]


def _limits(around: Around) -> None:
    settings = around.settings
    wanted = {
        resource.RLIMIT_DATA: settings.memory_bytes,
        resource.RLIMIT_FSIZE: settings.file_bytes,
        resource.RLIMIT_CPU: settings.cpu_seconds,
        resource.RLIMIT_NOFILE: OPEN_FILES,
        resource.RLIMIT_CORE: 0,
        # Counts per user: those of a worker's own, or of the zygote's user namespace. Where a worker shares
        # its user with everything else that the user runs, this is no more than a backstop.
        resource.RLIMIT_NPROC: PROCESSES if around.has("uid") or counts_apart(around) else 4096,
    }
    if around.enclosure is not None:
        wanted |= {resource.RLIMIT_MSGQUEUE: 0, resource.RLIMIT_MEMLOCK: 0}
    if around.on_gpu:
        # CUDA maps many times what it uses and pins memory for transfers: the judge watches what is resident.
        for unlimited in (resource.RLIMIT_DATA, resource.RLIMIT_MEMLOCK):
            wanted.pop(unlimited, None)
        wanted[resource.RLIMIT_CPU] = GPU_CPU_SECONDS
        wanted[resource.RLIMIT_NOFILE] = GPU_OPEN_FILES
        wanted[resource.RLIMIT_NPROC] = max(GPU_PROCESSES, wanted[resource.RLIMIT_NPROC])
    for limit, value in wanted.items():
        hard = resource.getrlimit(limit)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (value, value))


def _first_to_go(around: Around) -> bool:
    if not os.path.exists("/proc/self"):
        return False  # in a container that allows no /proc of one's own; the watch on its memory remains
    with open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
        file.write(str(FIRST_TO_GO))
    return True


def _own_user(around: Around) -> None:
    assert around.user is not None
    with contextlib.suppress(OSError):  # in a container without the right to; the next layers do without
        kernel.drop_bounding_set()  # another user cannot
    os.setgroups([])
    os.setresgid(around.user, around.user, around.user)
    os.setresuid(around.user, around.user, around.user)
    # The change of user makes a process undumpable, and that takes its own /proc away from it. No other
    # process has this user.
    kernel.prctl(kernel.PR_SET_DUMPABLE, 1)


def _no_capabilities(around: Around) -> None:
    kernel.drop_capabilities()


def _no_new_privileges(around: Around) -> None:
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)


def _scratch(around: Around) -> None:
    os.chdir(around.settings.scratch)
    os.umask(0o077)
    # The import of torch has already cached /tmp here, so TMPDIR alone would change nothing.
    tempfile.tempdir = None


def _clean_environment(around: Around) -> None:
    os.environ.clear()
    os.environ.update(environment(around.settings.scratch, around.settings.device))


def _import_path(around: Around) -> None:
    """Take the engine's own folder and every editable install out of reach of ``import``."""
    for entry in list(sys.path):
        if not _installed(os.path.realpath(entry)):
            sys.path.remove(entry)
            sys.path_importer_cache.pop(entry, None)
    sys.meta_path[:] = [finder for finder in sys.meta_path if "editable" not in _described(finder)]
    sys.path_hooks[:] = [hook for hook in sys.path_hooks if "editable" not in _described(hook)]
    sys.dont_write_bytecode = True
    sys.argv[:] = ["worker"]
    package = sys.modules.get("grader")
    if package is not None:
        package.__path__ = []


def _installed(folder: str) -> bool:
    """Whether a folder on the import path holds the standard library or installed packages."""
    if folder in SITE:
        return True
    return folder != ENGINE and any(folder.startswith(prefix + os.sep) for prefix in INSTALLED)


def _described(hook: object) -> str:
    return f"{getattr(hook, '__module__', '')} {getattr(hook, '__qualname__', type(hook).__name__)}".lower()


def _seeds(around: Around) -> None:
    import numpy as np
    import torch

    settings = around.settings
    torch.set_num_threads(THREADS_ON_GPU if around.on_gpu else 1)
    if around.on_gpu:
        torch.cuda.manual_seed_all(settings.seed)  # kept until the first use of the device: it starts nothing
    random.seed(settings.seed)
    np.random.seed(settings.seed % 2**32)
    # torch.manual_seed would format a traceback for each kind of device, in case it is ever used: 3 ms.
    torch.default_generator.manual_seed(settings.seed)


def _landlock(around: Around) -> None:
    assert around.enclosure is not None
    with around.enclosure.rulesets[_kind(around)] as rules:
        rules.restrict()


def _seccomp(around: Around) -> None:
    assert around.enclosure is not None
    settings = around.settings
    kernel.install_filter(around.enclosure.filters[filter_name(settings.loopback, settings.by_hand)])


Where = Literal["any", "linux", "sandbox", "offered"]


@dataclass(frozen=True)
class Layer:
    """One layer.

    :param stops: what it stops, completing "stops ...".
    :param get: what a machine that lacks it needs.
    :param where: put on everywhere; on Linux; on Linux when sandboxed; or when the zygote offers it too.
    :param put_on: by the worker, False where there is nothing to put it on; None for one that zygote and
        guard have put on before.
    """

    name: str
    stops: str
    get: str = ""
    where: Where = "offered"
    put_on: Callable[[Around], bool | None] | None = None


NAMESPACES_HOW = (
    "root with CAP_SYS_ADMIN, or unprivileged user namespaces "
    "(sysctl user.max_user_namespaces, kernel.apparmor_restrict_unprivileged_userns)"
)
LAYERS = (
    Layer("namespaces", "seeing, signalling or outliving by other processes; the network", NAMESPACES_HOW),
    Layer("own-root", "hidden tests, references and results being there at all", NAMESPACES_HOW),
    Layer("proc", "a view of the grader's processes in /proc", "an unmasked /proc, as outside containers"),
    Layer("rlimits", "memory, files, processes and CPU time without bound; core dumps", "", "linux", _limits),
    Layer("oom-score", "other processes being killed for its memory", "", "linux", _first_to_go),
    Layer(
        "uid",
        "opening or signalling what belongs to the grader's user",
        "root, and an interpreter that everybody may read",
        "offered",
        _own_user,
    ),
    Layer("no-capabilities", "every right that root has", "", "sandbox", _no_capabilities),
    Layer("no-new-privileges", "gaining rights through set-uid programs", "", "linux", _no_new_privileges),
    Layer("scratch", "litter outside a folder that is removed afterwards", "", "any", _scratch),
    Layer("environment", "reading the grader's environment, shared caches", "", "any", _clean_environment),
    Layer("import-path", "importing the engine or anything beside it", "", "any", _import_path),
    Layer("seeds", "random numbers that differ between two runs", "", "any", _seeds),
    Layer(
        "landlock",
        "touching files outside a short list, signals and abstract sockets to others",
        "Linux 5.13 with landlock among its security modules",
        "offered",
        _landlock,
    ),
    Layer(
        "seccomp",
        "the network, other processes' memory, new namespaces, memory that no limit counts",
        "libseccomp (apt-get install libseccomp2)",
        "offered",
        _seccomp,
    ),
)


def confine(around: Around) -> list[str]:
    """Put on every layer; the names of those that are on, in the order of :data:`LAYERS`.

    :raises OSError: a layer could not be put on whole.
    """
    on = []
    for layer in LAYERS:
        if layer.where != "any" and sys.platform != "linux":
            continue
        if layer.where == "sandbox" and around.enclosure is None:
            continue
        if layer.where == "offered" and not around.has(layer.name):
            continue
        if layer.put_on is None or layer.put_on(around) is not False:
            on.append(layer.name)
    return on

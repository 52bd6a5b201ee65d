"""The layers around a worker, in the order in which they are put on.

The order matters: a later layer may forbid what an earlier one needs. Each layer is a function that either
did all of its work or raises; a layer that half-applied is an error, never a silent pass. What is here keeps
honest accidents from harming the grader or the next test. It keeps no secrets from code that looks for them:
that takes the stronger layers, and until they are there the isolation is called ``process``, and every
result says so.
"""

from __future__ import annotations

import ctypes
import functools
import os
import random
import signal
import sys
import sysconfig
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from grader.worker.messages import Settings

if sys.platform != "win32":
    import resource

PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38
PR_SET_CHILD_SUBREAPER = 36

ENGINE = os.path.realpath(Path(__file__).parents[2])
SITE = {os.path.realpath(sysconfig.get_path(name)) for name in ("purelib", "platlib")}
# Where the interpreter and what is installed for it lie; an editable install's folder lies elsewhere.
INSTALLED = {
    os.path.realpath(prefix)
    for prefix in (sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix)
}

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def environment(home: str) -> dict[str, str]:
    """The whole environment of a zygote or worker; nothing of the judge's gets in."""
    return {
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "PYTHONHASHSEED": "0",  # two runs must enumerate a student's set in the same order
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": home,
        "TMPDIR": home,
        "TORCHINDUCTOR_CACHE_DIR": os.path.join(home, "inductor"),
        **dict.fromkeys(THREADS, "1"),
    }


@functools.cache
def libc() -> ctypes.CDLL:
    """The C library of this process."""
    return ctypes.CDLL(None, use_errno=True)


def prctl(option: int, value: int) -> None:
    """:raises OSError: the kernel refused."""
    if libc().prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"prctl({option}): {os.strerror(number)}")


def die_with(parent: int) -> None:
    """Be killed when the parent dies, also if it already has."""
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def close_descriptors(first: int) -> None:
    """Close every descriptor from ``first`` on: nothing of the zygote's is inherited."""
    os.closerange(first, os.sysconf("SC_OPEN_MAX"))


def _limits(settings: Settings) -> None:
    wanted = {
        resource.RLIMIT_DATA: settings.memory_bytes,
        resource.RLIMIT_FSIZE: settings.file_bytes,
        resource.RLIMIT_CPU: settings.cpu_seconds,
        resource.RLIMIT_NOFILE: 256,
        resource.RLIMIT_CORE: 0,
        # Counts per user, and not at all for root: there a pid namespace has to bound the processes.
        resource.RLIMIT_NPROC: 4096,
    }
    for limit, value in wanted.items():
        hard = resource.getrlimit(limit)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (value, value))


def _no_new_privileges(settings: Settings) -> None:
    prctl(PR_SET_NO_NEW_PRIVS, 1)


def _scratch(settings: Settings) -> None:
    os.chdir(settings.scratch)
    os.umask(0o077)
    # The import of torch has already cached /tmp here, so TMPDIR alone would change nothing.
    tempfile.tempdir = None


def _clean_environment(settings: Settings) -> None:
    os.environ.clear()
    os.environ.update(environment(settings.scratch))


def _import_path(settings: Settings) -> None:
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


def _seeds(settings: Settings) -> None:
    import numpy as np
    import torch

    torch.set_num_threads(1)
    random.seed(settings.seed)
    np.random.seed(settings.seed % 2**32)
    # torch.manual_seed would format a traceback for each kind of device, in case it is ever used: 3 ms.
    torch.default_generator.manual_seed(settings.seed)


@dataclass(frozen=True)
class Layer:
    """One layer: its name, what it stops, and the function that puts it on."""

    name: str
    stops: str
    put_on: Callable[[Settings], None]


LAYERS = (
    Layer("rlimits", "memory, files, descriptors and CPU time without bound; core dumps", _limits),
    Layer("no-new-privileges", "gaining rights through set-uid programs", _no_new_privileges),
    Layer("scratch", "litter outside a folder that is removed afterwards", _scratch),
    Layer("environment", "reading the grader's environment, shared caches", _clean_environment),
    Layer("import-path", "importing the engine or anything beside it", _import_path),
    Layer("seeds", "random numbers that differ between two runs", _seeds),
)


def confine(settings: Settings) -> list[str]:
    """Put on every layer; the names of those that are on.

    :raises OSError: a layer could not be put on whole.
    """
    portable = {"scratch", "environment", "import-path", "seeds"}
    layers = [layer for layer in LAYERS if sys.platform == "linux" or layer.name in portable]
    for layer in layers:
        layer.put_on(settings)
    return [layer.name for layer in layers]

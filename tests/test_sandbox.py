"""What a worker finds around it: its own folder, its own environment, limits, and nothing of the grader's."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest
from processes import Served

from grader.interpreter import python_command
from grader.launch import Zygote
from grader.worker import kernel, messages, sandbox

pytestmark = pytest.mark.timeout(120)
Serve = Callable[..., Served]
ROOT = Path(__file__).parents[1]
SYS_RESOURCE = 1 << 24  # CAP_SYS_RESOURCE


# -- what it has


def test_the_only_descriptors_are_the_standard_ones_and_its_socket(serve: Serve) -> None:
    served = serve(
        """
        import os
        def f():
            found = []
            for number in range(256):
                try:
                    os.fstat(number)
                    found.append((number, os.readlink(f"/proc/self/fd/{number}").split(":")[0]))
                except OSError:
                    pass
            return found
        """
    )
    assert served.f() == [(0, "/dev/null"), (1, "pipe"), (2, "pipe"), (3, "socket")]


def test_standard_input_is_empty(serve: Serve) -> None:
    assert serve("import sys\ndef f(): return sys.stdin.read()").f() == ""


def test_the_environment_is_made_from_scratch(serve: Serve) -> None:
    served = serve("import os\ndef f(): return dict(os.environ)")
    assert served.f() == sandbox.environment(str(served.worker.scratch))


def test_the_environment_of_the_process_itself_holds_nothing_of_the_judges(serve: Serve) -> None:
    served = serve("def f(): return open('/proc/self/environ').read()")
    names = {line.partition("=")[0] for line in served.f().split("\0") if line}
    assert names <= set(sandbox.environment("x"))


def test_the_command_line_says_nothing(serve: Serve) -> None:
    assert serve("import sys\ndef f(): return sys.argv").f() == ["worker"]


def test_home_temporary_files_and_working_directory_are_its_scratch_folder(serve: Serve) -> None:
    served = serve(
        """
        import os, tempfile
        def f():
            with tempfile.NamedTemporaryFile() as file:
                made = os.path.dirname(file.name)
            return [os.getcwd(), os.path.expanduser("~"), tempfile.gettempdir(), made]
        """
    )
    assert served.f() == [str(served.worker.scratch)] * 4


def test_what_it_writes_is_private_and_gone_with_it(serve: Serve) -> None:
    served = serve(
        "import os\ndef f():\n    open('litter', 'w').close()\n    return os.stat('litter').st_mode & 0o777"
    )
    assert served.f() == 0o600
    assert (served.worker.scratch / "litter").exists()
    served.worker.close()
    assert not served.worker.scratch.exists()


def test_it_has_one_thread_and_computes_with_one(serve: Serve) -> None:
    served = serve(
        """
        import os, torch
        def f():
            torch.ones(300, 300) @ torch.ones(300, 300)
            return len(os.listdir("/proc/self/task")), torch.get_num_threads()
        """
    )
    assert served.f() == (1, 1)


# -- what it can import


@pytest.mark.parametrize(
    "module",
    [
        "grader.compare",
        "grader.subject",
        "grader.run",
        "tests",
        "conftest",
        "processes",
        "assignments",
        "reference",
    ],
)
def test_nothing_of_the_repository_can_be_imported(serve: Serve, module: str) -> None:
    reply = serve(f"def f():\n    import {module}").reply("f")
    assert isinstance(reply, messages.Raised)
    assert reply.types[0] == "ModuleNotFoundError"


def test_nothing_of_the_judge_is_loaded(serve: Serve) -> None:
    served = serve("import sys\ndef f(): return [name for name in sys.modules]")
    loaded = served.f()
    assert "torch" in loaded
    ours = {name for name in loaded if name.startswith("grader") and not name.startswith("grader.worker")}
    assert ours == {"grader"}
    assert not {"pytest", "_pytest", "psutil", "rich"} & set(loaded)


def test_the_import_path_holds_the_interpreters_folders_only(serve: Serve) -> None:
    served = serve("import sys\ndef f(): return sys.path")
    for entry in served.f():
        assert entry, "the working directory"
        real = os.path.realpath(entry)
        assert real != str(ROOT)
        assert any(real.startswith(prefix) for prefix in sandbox.INSTALLED), entry


def test_editable_installs_are_out_of_reach(tmp_path: Path) -> None:
    """As setuptools makes them: a finder, a hook with a made-up path, and a folder on the path."""
    (tmp_path / "secret_project.py").write_text("")
    settings = dict.fromkeys(messages.Settings.__struct_fields__, 0)
    program = f"""
        import sys
        sys.path.insert(0, {str(ROOT)!r})
        from grader.worker import messages, sandbox

        class Finder:
            __module__ = "__editable___secret_finder"
            @staticmethod
            def find_spec(*args): return None

        def hook(path): raise ImportError
        hook.__qualname__ = "_EditableNamespaceFinder._path_hook"
        sys.meta_path.append(Finder)
        sys.path_hooks.append(hook)
        sys.path += [{str(tmp_path)!r}, "__editable__.secret-1.0.finder.__path_hook__"]
        import secret_project
        del sys.modules["secret_project"]
        sandbox._import_path(sandbox.Around(messages.Settings(**{settings!r})))
        assert Finder not in sys.meta_path and hook not in sys.path_hooks
        assert not [entry for entry in sys.path if "secret" in entry or entry == {str(tmp_path)!r}], sys.path
        try:
            import secret_project
        except ModuleNotFoundError:
            print("out of reach")
    """
    done = subprocess.run(
        [sys.executable, "-s", "-P", "-c", dedent(program)],
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "out of reach", done.stderr


def test_an_engine_that_is_installed_among_other_packages_keeps_their_folder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    site = "/opt/python/lib/site-packages"
    monkeypatch.setattr(sandbox, "SITE", {site})
    monkeypatch.setattr(sandbox, "INSTALLED", {"/opt/python"})
    monkeypatch.setattr(sandbox, "ENGINE", site)
    assert sandbox._installed(site)
    assert sandbox._installed("/opt/python/lib/python3.11")
    assert not sandbox._installed("/opt/pythonic/lib")
    monkeypatch.setattr(sandbox, "ENGINE", "/opt/python/src/course")
    assert not sandbox._installed("/opt/python/src/course")


# -- randomness and state

DRAWS = """
import random, numpy, torch
def f():
    drawn = random.random(), float(numpy.random.rand()), float(torch.rand(1))
    return drawn, hash("text"), list({"one", "two", "three", "four"})
"""


def test_two_workers_with_one_seed_draw_the_same_and_enumerate_sets_alike(serve: Serve) -> None:
    first, second = serve(DRAWS, seed=7).f(), serve(DRAWS, seed=7).f()
    assert first == second


def test_another_seed_draws_other_numbers_from_every_source(serve: Serve) -> None:
    first, second = serve(DRAWS, seed=7).f(), serve(DRAWS, seed=2**63 - 1).f()
    assert not set(first[0]) & set(second[0])


def test_the_seed_of_torch_is_the_one_that_manual_seed_gives(serve: Serve) -> None:
    served = serve(
        "import torch\ndef f():\n    return torch.rand(3), torch.manual_seed(7) and torch.rand(3)",
        seed=7,
    )
    first, second = served.f()
    assert first.tolist() == second.tolist()


def test_nothing_that_one_worker_changes_reaches_the_next(serve: Serve) -> None:
    serve(
        """
        import builtins, os, sys, torch
        def f():
            torch.set_default_dtype(torch.float64)
            torch.set_grad_enabled(False)
            torch.relu = torch.nn.functional.relu = lambda x: x * 0 + 5
            builtins.abs = lambda x: 5
            os.environ["LEFT"] = "1"
            sys.modules["json"] = None
            return True
        """
    ).f()
    after = serve(
        """
        import json, os, torch
        def f():
            x = torch.relu(torch.ones(1))
            return str(x.dtype), torch.is_grad_enabled(), x.item(), abs(-3), "LEFT" in os.environ
        """
    )
    assert after.f() == ("torch.float32", True, 1.0, 3, False)


# -- limits


def test_limits_are_in_force(serve: Serve) -> None:
    served = serve(
        """
        import resource
        def f():
            names = ("DATA", "FSIZE", "CPU", "NOFILE", "CORE", "NPROC")
            return [resource.getrlimit(getattr(resource, "RLIMIT_" + name)) for name in names]
        """,
        memory_bytes=700 << 20,
        file_bytes=1 << 20,
    )
    data, size, cpu, files, core, processes = served.f()
    assert data == (700 << 20, 700 << 20)
    assert size == (1 << 20, 1 << 20)
    assert (cpu, files, core) == ((3600, 3600), (256, 256), (0, 0))
    assert processes[0] <= 4096


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        ("torch.zeros(1 << 30)", "RuntimeError", "can't allocate memory"),
        ("numpy.ones(1 << 30)", "MemoryError", "Unable to allocate"),
        ("bytearray(1 << 30)", "MemoryError", ""),
        ("[open('/dev/null') for _ in range(300)]", "OSError", "Too many open files"),
        ("open('large', 'wb').write(bytes(2 << 20))", "OSError", "File too large"),
    ],
)
def test_running_into_a_limit_is_an_exception_and_the_worker_lives(
    serve: Serve, body: str, kind: str, words: str
) -> None:
    served = serve(
        f"import numpy, torch\ndef f(): {body}\ndef g(): return 7", memory_bytes=800 << 20, file_bytes=1 << 20
    )
    reply = served.reply("f")
    assert isinstance(reply, messages.Raised), reply
    assert kind in reply.types
    assert words in reply.message
    assert served.g() == 7


def test_limits_cannot_be_raised_without_the_capability(serve: Serve) -> None:
    """Root may have it, and keeps it at this isolation."""
    served = serve(
        "import resource as r\ndef f():\n    r.setrlimit(r.RLIMIT_DATA, (1 << 40, 1 << 40))\n    return 1"
    )
    status = Path("/proc/self/status").read_text()
    rights = int(next(line.split()[1] for line in status.splitlines() if line.startswith("CapEff")), 16)
    if rights & SYS_RESOURCE:
        assert served.f() == 1
    else:
        assert served.reply("f").types[0] == "ValueError"


def test_no_new_privileges(serve: Serve) -> None:
    served = serve("def f(): return open('/proc/self/status').read()")
    assert "NoNewPrivs:\t1" in served.f()


def test_the_worker_says_which_layers_are_on(serve: Serve) -> None:
    needing_no_rights = [layer.name for layer in sandbox.LAYERS if layer.where in ("any", "linux")]
    assert serve().worker.layers == needing_no_rights
    assert all(layer.stops for layer in sandbox.LAYERS)


def test_a_call_that_the_kernel_refuses_is_an_error() -> None:
    with pytest.raises(OSError, match="Invalid argument") as refused:
        kernel.prctl(123456, 0)
    assert refused.value.errno == errno.EINVAL


def test_a_limit_that_is_already_lower_stays() -> None:
    program = f"""
        import resource, sys
        sys.path.insert(0, {str(ROOT)!r})
        from types import SimpleNamespace
        from grader.worker import sandbox
        resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))
        settings = SimpleNamespace(memory_bytes=1 << 30, file_bytes=1, cpu_seconds=9, device="cpu")
        sandbox._limits(sandbox.Around(settings))
        print(resource.getrlimit(resource.RLIMIT_NOFILE), resource.getrlimit(resource.RLIMIT_CPU))
    """
    done = subprocess.run([sys.executable, "-c", dedent(program)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "(100, 100) (9, 9)"


def test_the_command_of_a_clean_interpreter() -> None:
    command = python_command("zygote.py", "5")
    assert command[:3] == [sys.executable, "-s", "-P"]
    assert command[3:] == [str(ROOT / "grader" / "worker" / "zygote.py"), "5"]


def test_the_zygote_is_not_the_judge(zygote: Zygote) -> None:
    assert zygote.process.pid != os.getpid()
    environ = Path(f"/proc/{zygote.process.pid}/environ").read_text()
    assert {line.partition("=")[0] for line in environ.split("\0") if line} == set(sandbox.environment("x"))
    assert os.readlink(f"/proc/{zygote.process.pid}/cwd") == "/"

"""Fixtures of the trial: one chroot, the autograders that are built in it, and what a maintainer may choose.

``tox -e gradescope -- --chroot /var/tmp/gradescope`` keeps the chroot, and the next run goes on with it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from gradescope import interpreter
from gradescope.chroot import ROOT, Chroot, bootstrap, mounts_below, pip_settings
from gradescope.platform_files import Built, Platform, own_python

from grader.config import Course
from grader.release.gradescope import TORCH_INDEX, build_gradescope
from grader.seeds import new_secret

figures = pytest.StashKey[list[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("gradescope")
    group.addoption("--chroot", help="folder of the chroot, kept; by default a temporary one")
    group.addoption("--suite", default="trixie", help="the chroot's distribution: one without Python 3.11")
    group.addoption("--mirror", help="where debootstrap gets packages; its own choice by default")
    group.addoption(
        "--interpreter",
        choices=["auto", "pack", "download"],
        default="auto",
        help="what uv installs in the chroot: this machine's Python, packed, or what it downloads",
    )
    group.addoption(
        "--torch-index",
        help="as for `grader build gradescope`; by default its own, or pip's settings if there are any",
    )


@pytest.fixture
def say(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Adds a line to the end of the report, and shows it at once with ``-s``."""
    lines = request.config.stash.setdefault(figures, [])

    def add(line: str) -> None:
        print(line, flush=True)
        lines.append(line)

    return add


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for line in config.stash.get(figures, []):
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def chroot(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chroot]:
    """The chroot as the platform's image is before anything is built in it."""
    if os.geteuid() != 0 or shutil.which("debootstrap") is None:
        pytest.fail("this runs as root, on Debian or Ubuntu, with debootstrap installed")
    kept = request.config.getoption("--chroot")
    scratch = tmp_path_factory.mktemp("gradescope")
    root = Path(kept).resolve() if kept else scratch / "root"
    bootstrap(root, request.config.getoption("--suite"), request.config.getoption("--mirror"))
    lent = scratch / "lent"
    lent.mkdir()
    environment = pip_settings(lent)
    choice = request.config.getoption("--interpreter")
    if choice == "pack" or (choice == "auto" and interpreter.can_be_packed()):
        environment |= interpreter.packed(lent, scratch)
    yield Chroot(root, lent, environment)
    assert mounts_below(root) == []
    if not kept:
        shutil.rmtree(root)


@pytest.fixture(scope="session")
def secret(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course secret, for the chroot and for the development tree."""
    path = tmp_path_factory.mktemp("secret") / "secret"
    new_secret(path)
    return path


@pytest.fixture(scope="session")
def torch_index(request: pytest.FixtureRequest, chroot: Chroot) -> str:
    """Where setup.sh is told to take torch from."""
    named = request.config.getoption("--torch-index")
    if named is not None:
        return str(named)
    settings = (chroot.lent / "pip.conf").read_text()
    return "" if "find-links" in settings or "extra-index-url" in settings else TORCH_INDEX


@pytest.fixture(scope="session")
def zipped(torch_index: str, secret: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Builds an autograder's zip: assignment and part -> its path."""
    built: dict[tuple[str, str], Path] = {}

    def build(assignment: str, part: str = "") -> Path:
        if (assignment, part) not in built:
            out = tmp_path_factory.mktemp("dist")
            made = build_gradescope(
                Course(ROOT), assignment, out, torch_index=torch_index, secret=secret, part=part, minutes=40
            )
            built[assignment, part] = made.archive
        return built[assignment, part]

    return build


@pytest.fixture(scope="session")
def platform(chroot: Chroot) -> Platform:
    """The platform around the chroot."""
    return Platform(chroot)


@pytest.fixture(scope="session")
def built(platform: Platform, zipped: Callable[..., Path]) -> Built:
    """The image after setup.sh: with one assignment's zip, but the environment is the same for all."""
    platform.upload(zipped("p1"))
    before = own_python(platform.chroot)
    done = platform.build()
    return Built(done, before, own_python(platform.chroot))


@pytest.fixture(scope="session")
def graders(built: Built, platform: Platform, zipped: Callable[..., Path]) -> Callable[..., Platform]:
    """Puts an assignment's autograder in place, if it is not there: assignment and part -> the platform."""
    assert built.done.status == 0, built.done.said

    def put(assignment: str, part: str = "") -> Platform:
        if platform.uploaded != zipped(assignment, part):
            platform.upload(zipped(assignment, part))
            platform.chroot.read("chmod", "-R", "go-rwx", "/autograder/source")  # as setup.sh does
        return platform

    return put

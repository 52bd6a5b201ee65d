"""The grading seed: the same files always get the same one, and a changed file draws again, 16 times at most.

The seed comes from the course secret, the assignment and the submission's hash. The secret lies in a file
that the configuration or ``GRADER_SECRET_FILE`` names; it never enters a worker or a student release. Without
one a public default stands in, and every result says so.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from grader.tomlfile import ConfigError

VARIABLE = "GRADER_SECRET_FILE"
COURSE_SECRET = "course secret"
PUBLIC_DEFAULT = "public default"
GIVEN = "given"  # by --grading-seed
SLOTS = 16
SECRET_BYTES = 32
MIN_SECRET_CHARACTERS = 32

default_secret = b"grader: the public default, known to everyone"


@dataclass(frozen=True)
class Secret:
    """What seeds are derived from, and where it came from; it never shows in a repr."""

    value: bytes = field(repr=False)
    source: str = COURSE_SECRET


def load_secret(path: Path | None = None, environment: Mapping[str, str] = os.environ) -> Secret:
    """The secret in ``path``, else in the file that the environment names, else the public default.

    :raises ConfigError: a file was named and cannot be read, or is too short to be a secret. Falling back to
        the public default would then give grades that somebody else can predict.
    """
    named = environment.get(VARIABLE, "")
    if path is None and not named:
        return Secret(default_secret, PUBLIC_DEFAULT)
    path = path or Path(named)
    try:
        value = path.read_bytes().strip()
    except OSError as error:
        raise ConfigError(f"course secret {path}: {error.strerror or error}") from None
    if len(value) < MIN_SECRET_CHARACTERS:
        raise ConfigError(f"course secret {path}: shorter than {MIN_SECRET_CHARACTERS} characters")
    return Secret(value)


def new_secret(path: Path) -> None:
    """Write a fresh secret, readable by its owner only.

    :raises ConfigError: the file exists (a new secret would change every grade of the term), or cannot be
        written.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ConfigError(f"{path} exists; another secret would change every grade of this course") from None
    except OSError as error:
        raise ConfigError(f"course secret {path}: {error.strerror or error}") from None
    with os.fdopen(descriptor, "w", encoding="ascii", newline="\n") as file:
        file.write(secrets.token_hex(SECRET_BYTES) + "\n")


def slot_of(secret: Secret, assignment: str, submission_hash: str) -> int:
    """Which of the term's seeds these files get, from 0 to 15."""
    return _draw(secret.value, "slot", assignment, submission_hash) % SLOTS


def grading_seed(secret: Secret, assignment: str, submission_hash: str) -> int:
    """The seed of a run, in [0, 2**63)."""
    return seed_of_slot(secret, assignment, slot_of(secret, assignment, submission_hash))


def seed_of_slot(secret: Secret, assignment: str, slot: int) -> int:
    """The seed of one of the term's slots, in [0, 2**63)."""
    return _draw(secret.value, "seed", assignment, str(slot))


def seed_for(seed: int, test: str) -> int:
    """A test's own seed, in [0, 2**63): tests draw independently of what else runs, and in what order."""
    return _draw(str(seed).encode("ascii"), "test", test)


def _draw(key: bytes, *parts: str) -> int:
    """63 bits of an HMAC; lengths go in, so that no two lists of parts are the same message."""
    encoded = [part.encode("utf-8", "surrogatepass") for part in parts]
    message = b"".join(len(part).to_bytes(8, "big") + part for part in encoded)
    return int.from_bytes(hmac.digest(key, message, hashlib.sha256)[:8], "big") >> 1

"""Seeds: the same for the same files, one of sixteen, and not to be foreseen without the secret."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from grader.seeds import (
    COURSE_SECRET,
    PUBLIC_DEFAULT,
    SLOTS,
    Secret,
    grading_seed,
    load_secret,
    new_secret,
    seed_for,
    seed_of_slot,
    slot_of,
)
from grader.tomlfile import ConfigError

SECRET = Secret(b"x" * 64)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    new_secret(path)
    return path


def test_the_same_files_get_the_same_seed() -> None:
    assert grading_seed(SECRET, "p1", "abc") == grading_seed(SECRET, "p1", "abc")


def test_the_construction_does_not_change_between_versions() -> None:
    """A grade must be repeatable next term."""
    assert slot_of(SECRET, "p1", "abc") == 6
    assert grading_seed(SECRET, "p1", "abc") == 5643329920064485760
    assert seed_for(7, "test_hidden.py::test_x[2]") == 7244324190801133108


def test_files_draw_one_of_sixteen_seeds_all_of_which_occur() -> None:
    seeds = {grading_seed(SECRET, "p1", f"{i:064x}") for i in range(400)}
    assert seeds == {seed_of_slot(SECRET, "p1", slot) for slot in range(SLOTS)}
    assert len(seeds) == SLOTS
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_secret_assignment_and_slot_each_change_the_seed() -> None:
    seeds = {
        seed_of_slot(secret, assignment, slot)
        for secret in (SECRET, Secret(b"y" * 64))
        for assignment in ("p1", "p2")
        for slot in range(SLOTS)
    }
    assert len(seeds) == 2 * 2 * SLOTS


def test_parts_do_not_run_into_one_another() -> None:
    assert grading_seed(SECRET, "p1", "2") != grading_seed(SECRET, "p12", "")
    assert len({slot_of(SECRET, f"p{i}", "0") for i in range(200)}) == SLOTS


def test_each_test_draws_on_its_own() -> None:
    seeds = {seed_for(seed, f"test_hidden.py::test_{i}") for seed in (0, 1, 2**63 - 1) for i in range(50)}
    assert len(seeds) == 150
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_a_test_id_with_anything_in_it_has_a_seed() -> None:
    assert seed_for(1, "test_ü[\udcff]") != seed_for(1, "test_ü[]")


def test_without_a_secret_the_default_says_that_it_is_public() -> None:
    assert load_secret(environment={}).source == PUBLIC_DEFAULT
    assert load_secret(environment={"GRADER_SECRET_FILE": ""}).source == PUBLIC_DEFAULT


def test_a_secret_is_read_from_where_the_environment_says(file: Path, tmp_path: Path) -> None:
    by_name = load_secret(environment={"GRADER_SECRET_FILE": str(file)})
    assert by_name.source == COURSE_SECRET
    assert by_name.value == file.read_bytes().strip()
    other = tmp_path / "other"
    new_secret(other)
    named = load_secret(other, {"GRADER_SECRET_FILE": str(file)})
    assert named.value == other.read_bytes().strip() != by_name.value


def test_a_new_secret_is_long_and_its_owners_only(file: Path) -> None:
    assert len(bytes.fromhex(file.read_text())) == 32
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_secret_is_never_replaced(file: Path) -> None:
    before = file.read_bytes()
    with pytest.raises(ConfigError, match="would change every grade"):
        new_secret(file)
    assert file.read_bytes() == before


def test_a_secret_that_cannot_be_written(file: Path) -> None:
    with pytest.raises(ConfigError, match="Not a directory"):
        new_secret(file / "below")


def test_a_named_secret_that_is_missing_is_not_replaced_by_the_default(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        load_secret(environment={"GRADER_SECRET_FILE": str(tmp_path / "none")})


def test_a_short_secret_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("password\n")
    with pytest.raises(ConfigError, match="shorter than 32"):
        load_secret(tmp_path / "secret")


def test_a_secret_does_not_show() -> None:
    assert "xxx" not in repr(SECRET)

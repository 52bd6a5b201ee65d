"""What p3's first half is given: films, Beta samples, and a look at the films from the command line."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch

ROOT = Path(__file__).parents[1]
GIVEN, STARTER = ROOT / "reference" / "p3", ROOT / "starter" / "p3"

pytestmark = [pytest.mark.timeout(120), pytest.mark.slow]


@pytest.fixture(scope="module")
def films() -> ModuleType:
    spec = importlib.util.spec_from_file_location("_films_of_p3", GIVEN / "films.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def look(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command line, in a folder with a student's files."""
    command = [sys.executable, "-m", "look", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=100)


def test_the_public_films_are_those_of_the_task(films: ModuleType) -> None:
    images, labels, hospitals = films.training_films()
    assert images.shape == (1600, 1, 28, 28)
    assert images.dtype == torch.float32
    assert torch.bincount(hospitals).tolist() == [500, 500, 500, 100]
    assert torch.bincount(labels).tolist() == [160] * 10
    assert torch.equal(images, films.training_films()[0])
    assert not torch.equal(images, films.training_films(7)[0])


@pytest.mark.parametrize("alpha", [0.2, 1.0, 5.0])
def test_beta_samples_have_the_moments_of_the_distribution(films: ModuleType, alpha: float) -> None:
    sample = films.sample_beta(alpha, 20000, torch.Generator().manual_seed(1)).double()
    assert sample.shape == (20000,)
    assert 0 <= sample.min() <= sample.max() <= 1
    variance = 1 / (4 * (2 * alpha + 1))
    assert abs(sample.mean().item() - 0.5) < 6 * (variance / 20000) ** 0.5
    assert sample.var().item() == pytest.approx(variance, rel=0.06)


def test_beta_samples_come_from_the_generator_alone(films: ModuleType) -> None:
    first, again = (films.sample_beta(0.3, 50, torch.Generator().manual_seed(2)) for _ in range(2))
    assert torch.equal(first, again)
    assert films.sample_beta(1e-4, 500, torch.Generator().manual_seed(2)).isfinite().all()


@pytest.mark.parametrize("alpha", [0.0, -1.0, float("nan")])
def test_beta_needs_a_parameter_above_0(films: ModuleType, alpha: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        films.sample_beta(alpha, 1, torch.Generator())


def test_a_look_at_films_needs_no_answer(tmp_path: Path) -> None:
    done = look(STARTER, "means", "--finding", "3", "--save", str(tmp_path / "means.png"))
    assert done.returncode == 0, done.stderr
    assert "Average film of finding 3" in done.stdout
    assert "hospital D" in done.stdout
    assert (tmp_path / "means.png").stat().st_size > 1000


def test_a_look_at_a_stub_says_which_question_is_needed() -> None:
    for command, question in (("augment", "p3.augment"), ("run", "p3.generalise")):
        done = look(STARTER, command)
        assert done.returncode == 1
        assert f"needs {question}" in done.stderr
        assert "Traceback" not in done.stderr


def test_a_run_shows_hospitals_and_confidence() -> None:
    done = look(GIVEN, "run")
    assert done.returncode == 0, done.stderr
    for shown in ("hospital A", "hospital D", "Accuracy on D by confidence", "expected calibration error"):
        assert shown in done.stdout

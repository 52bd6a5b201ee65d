"""The bench of an assignment: names and annotations are read from its syntax tree, nothing of it is run."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from grader.bench import Bench
from grader.faults import GraderFault

SOURCE = """
import torch
raise SystemExit("nothing of a bench runs in the judge")

LIMIT: int = 5

def outputs(n: int) -> dict[str, torch.Tensor]:
    return {}

def _helper(): ...

def bare(): ...
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "bench.py").write_text(SOURCE)
    (tmp_path / "bench_public_more.py").write_text("def shown() -> int: ...")
    (tmp_path / "test_public.py").write_text("def outputs(): ...")
    return tmp_path


def test_functions_of_every_bench_file_are_handed_out_by_name(folder: Path) -> None:
    bench = Bench(folder)
    assert (bench.outputs.name, bench.outputs.origin, bench.outputs.source) == ("outputs", "bench.py", SOURCE)
    assert ast.unparse(bench.outputs.returns) == "dict[str, torch.Tensor]"  # type: ignore[arg-type]
    assert bench.bare.returns is None
    assert bench.shown.origin == "bench_public_more.py"


@pytest.mark.parametrize("name", ["_helper", "LIMIT", "missing"])
def test_what_is_no_public_function_is_not_handed_out(folder: Path, name: str) -> None:
    with pytest.raises((GraderFault, AttributeError), match=name):
        getattr(Bench(folder), name)


def test_looking_at_a_bench_is_no_fault(folder: Path) -> None:
    """pytest and debuggers ask every object for names that only Python knows."""
    assert not hasattr(Bench(folder), "__wrapped__")


def test_a_bench_that_does_not_parse_is_the_graders_fault_with_its_line(folder: Path) -> None:
    (folder / "bench_broken.py").write_text("x = 1\ndef f(:\n")
    with pytest.raises(GraderFault, match=r"bench_broken\.py: line 2"):
        Bench(folder)


def test_one_name_in_two_files_is_the_graders_fault(folder: Path) -> None:
    (folder / "bench_public.py").write_text("def outputs(): ...\n")
    with pytest.raises(GraderFault, match=r"outputs is defined in bench\.py too"):
        Bench(folder)


def test_an_assignment_without_a_bench_has_none(tmp_path: Path) -> None:
    with pytest.raises(GraderFault, match="no bench function 'outputs'"):
        _ = Bench(tmp_path).outputs

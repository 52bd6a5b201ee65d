"""Names under which nothing can be handed in, since another module would be imported."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from grader import reserved
from grader.config import ConfigError, load_assignment


@pytest.mark.parametrize(
    ("file", "why"),
    [
        ("random.py", "random is a module of Python's standard library"),
        ("json.py", "json is a module of Python's standard library"),
        ("_thread.py", "_thread is a module of Python's standard library"),
        ("torch.py", "torch is another module wherever something is graded"),
        ("grader.py", "grader is another module wherever something is graded"),
        ("conftest.py", "conftest is another module wherever something is graded"),
        ("usercustomize.py", "usercustomize is another module wherever something is graded"),
        ("msgspec.py", "a package msgspec is installed here"),
        ("py.py", "a package py is installed here"),
        ("con.py", "on Windows it is the name of a device"),
        ("NUL.txt", "on Windows it is the name of a device"),
        ("lpt1.csv", "on Windows it is the name of a device"),
    ],
)
@pytest.mark.parametrize("key", ["files", "given"])
def test_an_assignment_cannot_declare_a_name_that_means_something_else(tmp_path, key, file, why) -> None:
    files = {"files": ["flow.py"], "given": ["given.py"]}
    files[key].append(file)
    lines = [f"{name} = {names}\n" for name, names in files.items()]
    question = '[questions."p1.a"]\ntitle = "A"\nfile = "flow.py"\nminutes = 1\nreview = "R"\n'
    folder = tmp_path / "p1"
    folder.mkdir()
    (folder / "assignment.toml").write_text('title = "T"\n' + "".join(lines) + question)
    line = 2 if key == "files" else 3
    with pytest.raises(
        ConfigError, match=rf":{line}: {key}\[1\]: '{re.escape(file)}' cannot be imported: {re.escape(why)}"
    ):
        load_assignment(folder)


@pytest.mark.parametrize(
    "file",
    ["gradient_flow.py", "given.py", "Random.py", "random.csv", "torch.json", "console.py", "halves.py"],
)
def test_other_names_may_be_declared(file) -> None:
    assert reserved.reserved(file) is None


def test_what_lies_where_somebody_works_is_not_installed(tmp_path, monkeypatch) -> None:
    """``python -m pytest`` in ``starter/p5`` finds transformer.py: that is the one that is handed in."""
    (tmp_path / "transformer.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert reserved.reserved("transformer.py") is None


@pytest.mark.parametrize("made", ["transformer.py", "transformer/__init__.py", "transformer/data.txt"])
def test_an_installed_package_of_a_declared_name_is_said_with_its_place(tmp_path, monkeypatch, made) -> None:
    """A folder without code shadows a module too."""
    path: Path = tmp_path / made
    path.parent.mkdir(exist_ok=True)
    path.touch()
    monkeypatch.setattr(reserved, "_installed", lambda: [str(tmp_path)])
    said = reserved.reserved("transformer.py")
    assert said is not None
    assert re.fullmatch(rf"a package transformer is installed here \({tmp_path}.*\) and would be .*", said)

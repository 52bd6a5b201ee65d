"""The pytest plugin: options, and the two halves of a grading run.

Where tests run (:mod:`grader.judging`) each test gets its subjects and its outcome; where results are added
up (:mod:`grader.controlling`, the only process under xdist that writes) outcomes become points and files. A
pytest run that collects no assignment is left alone.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.config import ConfigError, Course, assignment_of
from grader.controlling import Controller, refuse
from grader.isolation import ASKED
from grader.judging import Judge, planned
from grader.options import Options
from grader.stopping import Stopping

pytest_plugins = ["grader.fixtures"]


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("grader", "grading of assignments")
    group.addoption(
        "--submission",
        metavar="DIR|ZIP",
        help="what to grade, a folder or a zip; by default starter/, where a student works",
    )
    group.addoption(
        "--part", metavar="NAME", help="grade one part of the assignment, as if there were no others"
    )
    group.addoption(
        "--results", metavar="FILE", help="write the result as JSON (the instructor's: holds the seed)"
    )
    group.addoption("--gradescope", metavar="FILE", help="write Gradescope's results.json")
    group.addoption(
        "--gradescope-metadata",
        metavar="FILE",
        help="Gradescope's submission_metadata.json, for the limit of uploads and the penalty for lateness"
        " that assignment.toml may ask for",
    )
    group.addoption(
        "--artifacts", metavar="DIR", help="draw loss curves, calibration and images into DIR/pN/index.html"
    )
    group.addoption(
        "--grading-seed", type=int, metavar="N", help="instead of the seed of the submitted files"
    )
    group.addoption(
        "--isolation",
        choices=ASKED,
        help="sandbox: student code reaches nothing of the grader's, or nothing is run (the default with"
        " hidden tests); strongest: the sandbox where it can be had, else process; process: processes of its"
        " own, no secrets; none: in the judge's process, to debug public tests",
    )
    group.addoption(
        "--launcher",
        choices=("zygote", "fresh"),
        help="how workers start: forked from a zygote (Linux), or as new interpreters (anywhere)",
    )
    group.addoption(
        "--device", choices=("cpu", "cuda"), default="cpu", help="cuda: run the GPU questions too"
    )
    group.addoption(
        "--gpu-rehearsal",
        action="store_true",
        help="run the GPU questions on the CPU at toy size: everything but the figures, and no points",
    )
    group.addoption(
        "--grader-plan", metavar="FILE", help="write what was collected as JSON, for `grader points`"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "graded(question, points, ...): a graded test; see grader.marks")
    config.addinivalue_line("markers", "loopback: the worker may open TCP connections on this machine (gloo)")
    folders = _assignment_folders(config)
    if not folders:
        return
    try:
        options = Options.of(config, folders)
    except pytest.UsageError as error:
        if len(folders) == 1 and not hasattr(config, "workerinput") and not config.option.collectonly:
            refuse(config, folders[0], str(error))
        raise
    stopping = Stopping()
    config.pluginmanager.register(Heeding(stopping), "grader-stopping")
    stopping.__enter__()
    if hasattr(config, "workerinput"):  # a node of xdist: runs tests, writes nothing
        config.pluginmanager.register(Judge(config, options), "grader-judge")
        return
    config.pluginmanager.register(Controller(config, options), "grader-controller")
    distributed = bool(getattr(config.option, "numprocesses", None) or getattr(config.option, "tx", None))
    if not distributed:
        config.pluginmanager.register(Judge(config, options), "grader-judge")
    elif getattr(config.option, "dist", "no") in ("no", "load"):
        # One training per module: a module's tests stay together.
        config.option.dist = "loadscope"


class Heeding:
    """A run that is told to end says so in its status, as if the signal itself had ended it."""

    def __init__(self, stopping: Stopping) -> None:
        self.stopping = stopping

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.stopping.number:
            session.exitstatus = self.stopping.status

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        self.stopping.__exit__()


def pytest_itemcollected(item: pytest.Item) -> None:
    """``-k updates`` and ``-k p2.updates`` select a question's tests, whatever their names are."""
    plan = planned(item)
    if plan is not None:
        item.extra_keyword_matches.update((plan.question, plan.question.partition(".")[2]))


def _assignment_folders(config: pytest.Config) -> list[Path]:
    """The assignments that the command line names, by a folder, a file, a node id, or a folder above them."""
    folders: list[Path] = []
    for argument in config.args:
        path = Path(config.invocation_params.dir, str(argument).split("::")[0])
        found = assignment_of(path)
        if found is not None:
            folders.append(found)
        elif path.is_dir() and path.name == "assignments":
            folders += [path / name for name in _names(path)]
    return list(dict.fromkeys(folders))


def _names(path: Path) -> list[str]:
    try:
        return Course.find(path).assignments()
    except ConfigError as error:
        raise pytest.UsageError(str(error)) from None

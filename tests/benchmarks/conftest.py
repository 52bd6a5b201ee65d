"""What the benchmarks say at the end of the report."""

from __future__ import annotations

from collections.abc import Callable

import pytest

figures = pytest.StashKey[list[str]]()


@pytest.fixture
def say(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Adds a figure to the end of the report."""
    return request.config.stash.setdefault(figures, []).append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for line in config.stash.get(figures, []):
        terminalreporter.write_line(line)

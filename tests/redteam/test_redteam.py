"""Every attack of the red team's table gains nothing and leaves nothing."""

from __future__ import annotations

import pytest
from redteam import harness

pytestmark = pytest.mark.timeout(180, method="thread")  # the runs inside use the alarm
ROWS = harness.rows()
# Those that still gain something change nothing from day to day, and are among the longest.
KNOWN = [
    pytest.param(folder, id=folder.name, marks=[pytest.mark.slow] * bool(row.open or row.slow))
    for folder, row in zip(ROWS, map(harness.load, ROWS), strict=True)
]


@pytest.mark.parametrize("row", KNOWN)
def test_an_attack_gains_nothing_and_leaves_nothing(arena, row):
    trouble = arena.fight(row)
    described = harness.load(row)
    needs = described.needs
    if described.open:
        gains = [line for line in trouble if "points for what earns" in line]
        assert gains, f"the hole is closed ({described.open}): take the mark away"
        outcomes = [line for line in trouble if line.startswith("not ")]  # the tests that paid have passed
        assert len(gains) + len(outcomes) == len(trouble), "\n\n".join(trouble)
        pytest.xfail(described.open)
    if trouble and harness.STRENGTH[arena.isolation] < harness.STRENGTH[needs]:
        pytest.xfail(f"--isolation {arena.isolation} does not promise it: {trouble[0]:.300}")
    missing = set(described.layers) - arena.layers
    if trouble and missing:
        pytest.xfail(
            f"no {', '.join(sorted(missing))} here, and {described.title!r} needs it: {trouble[0]:.300}"
        )
    assert not trouble, "\n\n".join(trouble)

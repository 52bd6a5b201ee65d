"""Calibrated gates as rows: for the terminal, and for the page of the documentation that shows them.

``python -m grader.gate_table docs/calibration.md`` writes that page's table again.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from pathlib import Path

from grader.config import Course
from grader.faults import GraderFault
from grader.gate_file import GateRecord, WrongSolution, load_gates

COLUMNS = (
    "gate",
    "reference",
    "pass",
    "a right solution fails",
    "best wrong solution",
    "passes in 16 draws",
)
BEGIN = "<!-- gates: `python -m grader.gate_table docs/calibration.md` writes what stands here -->"
END = "<!-- end of gates -->"


def row(name: str, record: GateRecord) -> tuple[str, ...]:
    """A gate under :data:`COLUMNS`; the best wrong solution is the one that passes most easily."""
    sign = 1.0 if record.direction == "higher" else -1.0

    def nearness(wrong: WrongSolution) -> tuple[float, float]:
        return wrong.pass_chance_16, -math.inf if wrong.mean is None else sign * wrong.mean

    best = max(record.wrong, key=nearness, default=None)
    reached = ""
    if best is not None:
        reached = f"{best.name} " + (
            "(no figure)" if best.mean is None or best.sd is None else f"({best.mean:.3g} ± {best.sd:.2g})"
        )
    return (
        name,
        f"{record.mean:.4g} ± {record.sd:.2g} (n={record.n})",
        f"{record.threshold:.4g}",
        f"{record.false_alarm:.1e}, at most {record.false_alarm_bound:.1e}",
        reached,
        "" if best is None else f"{best.pass_chance_16:.1e}",
    )


def markdown(records: Mapping[str, GateRecord]) -> str:
    """The table in Markdown, a gate to a line."""
    rows = [COLUMNS, ("---",) * len(COLUMNS)]
    rows += [(f"`{name}`", *row(name, record)[1:]) for name, record in sorted(records.items())]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def with_table(page: str, course: Course) -> str:
    """A page with the table of a course's gates between its marks.

    :raises GraderFault: the marks are not there.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise GraderFault(f"the page has no {BEGIN} with {END} after it")
    records: dict[str, GateRecord] = {}
    for name in course.assignments():
        records |= load_gates(course.assignment(name).gates_path)
    return f"{before}{BEGIN}\n\n{markdown(records)}\n\n{END}{after}"


def main() -> None:
    """Write a page's table again."""
    path = Path(sys.argv[1])
    page = with_table(path.read_text(encoding="utf-8"), Course.find(path.resolve().parent))
    path.write_text(page, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()

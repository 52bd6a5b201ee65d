"""Everything that the tests of an assignment import from the engine. Judge side: NumPy only."""

from grader.beside import beside
from grader.cases import check_each
from grader.closed import award, closed_share
from grader.compare import assert_close, assert_same, check
from grader.faults import Partial
from grader.marks import graded
from grader.measured import Measured
from grader.pictures import Captioned, Curves, Images, Reliability
from grader.rounds import Round, Work

__all__ = [
    "Captioned",
    "Curves",
    "Images",
    "Measured",
    "Partial",
    "Reliability",
    "Round",
    "Work",
    "assert_close",
    "assert_same",
    "award",
    "beside",
    "check",
    "check_each",
    "closed_share",
    "graded",
]

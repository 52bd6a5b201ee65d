"""What may be changed: each operator looks at one node of the syntax tree and says what could stand there.

A function takes the node and its tree and gives each change of that node alone; its docstring is the line
that a report shows. Where two operators make the same mutant, it belongs to the one that stands first here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import libcst as cst

from grader.mutation.operators.arithmetic import arithmetic, epsilon, sign, term
from grader.mutation.operators.axes import axis, reduction, slicing
from grader.mutation.operators.calls import argument, function
from grader.mutation.operators.constants import constant
from grader.mutation.operators.logic import branch, comparison
from grader.mutation.operators.state import detach, mode
from grader.mutation.operators.statements import statement
from grader.mutation.tree import Change, Tree


@dataclass(frozen=True)
class Operator:
    """A kind of mistake.

    :param changes: what could stand in place of a node.
    """

    name: str
    changes: Callable[[cst.CSTNode, Tree], Iterator[Change]]

    @property
    def description(self) -> str:
        """What is done, in one sentence."""
        return " ".join((self.changes.__doc__ or "").split())


OPERATORS = (
    Operator("epsilon", epsilon),
    Operator("axis", axis),
    Operator("reduction", reduction),
    Operator("mode", mode),
    Operator("detach", detach),
    Operator("slice", slicing),
    Operator("term", term),
    Operator("sign", sign),
    Operator("arithmetic", arithmetic),
    Operator("comparison", comparison),
    Operator("branch", branch),
    Operator("function", function),
    Operator("argument", argument),
    Operator("statement", statement),
    Operator("constant", constant),
)

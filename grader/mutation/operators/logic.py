"""What comparisons, conditions and branches are changed to."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from grader.mutation.tree import Change, Header, Removed, Tree

# The boundary on the other side, then the opposite direction.
COMPARISONS: dict[type[cst.BaseCompOp], tuple[type[cst.BaseCompOp], ...]] = {
    cst.LessThan: (cst.LessThanEqual, cst.GreaterThan),
    cst.LessThanEqual: (cst.LessThan, cst.GreaterThanEqual),
    cst.GreaterThan: (cst.GreaterThanEqual, cst.LessThan),
    cst.GreaterThanEqual: (cst.GreaterThan, cst.LessThanEqual),
    cst.Equal: (cst.NotEqual,),
    cst.NotEqual: (cst.Equal,),
    cst.Is: (cst.IsNot,),
    cst.IsNot: (cst.Is,),
    cst.In: (cst.NotIn,),
    cst.NotIn: (cst.In,),
}
TRUE = cst.Name("True")
FALSE = cst.Name("False")


def comparison(node: cst.CSTNode, tree: Tree) -> Iterator[Change]:
    """A boundary moves, a comparison or negation turns over, and becomes or, one side of it is left out."""
    match node:
        case cst.Comparison():
            for index, target in enumerate(node.comparisons):
                for other in COMPARISONS[type(target.operator)]:
                    targets = list(node.comparisons)
                    targets[index] = target.with_changes(operator=other())
                    yield node.with_changes(comparisons=targets)
                    if isinstance(target.operator, cst.Is | cst.IsNot):
                        break
        case cst.BooleanOperation():
            other_operator = cst.Or() if isinstance(node.operator, cst.And) else cst.And()
            yield node.with_changes(operator=other_operator)
            yield node.left
            yield node.right
        case cst.BinaryOperation(operator=cst.BitAnd() | cst.BitOr()):
            # In the second argument of isinstance it is a choice of types, which has no other operator.
            if not _is_of_types(node, tree):
                bitwise = cst.BitOr() if isinstance(node.operator, cst.BitAnd) else cst.BitAnd()
                yield node.with_changes(operator=bitwise)
            yield node.left
            yield node.right
        case cst.UnaryOperation(operator=cst.Not() | cst.BitInvert()):
            yield node.expression


def branch(node: cst.CSTNode, tree: Tree) -> Iterator[Change]:
    """A branch is always or never taken, an else is left out, a conditional's arms are swapped, break becomes
    continue."""
    match node:
        case cst.If() if not _is_constant(node.test):
            for constant in (TRUE, FALSE):
                yield Header(f"{_keyword(node, tree)} {constant.value}:")
        case cst.While() if not _is_constant(node.test):
            yield Header("while False:")  # True would only run into the limit
        case cst.Else():
            yield Removed()
        case cst.IfExp():
            yield node.with_changes(body=node.orelse, orelse=node.body)
            yield node.body
            yield node.orelse
        case cst.CompIf() if not _is_constant(node.test):
            yield node.with_changes(test=TRUE)
        case cst.Break():
            yield cst.Continue()
        case cst.Continue():
            yield cst.Break()


def _keyword(node: cst.If, tree: Tree) -> str:
    parent = tree.parent(node)
    return "elif" if isinstance(parent, cst.If) and parent.orelse is node else "if"


def _is_constant(node: cst.BaseExpression) -> bool:
    return isinstance(node, cst.Name) and node.value in ("True", "False")


def _is_of_types(node: cst.CSTNode, tree: Tree) -> bool:
    for outer in tree.above(node):
        if isinstance(outer, cst.Call):
            return isinstance(outer.func, cst.Name) and outer.func.value in ("isinstance", "issubclass")
        if isinstance(outer, cst.BaseSmallStatement | cst.BaseCompoundStatement):
            return False
    return False

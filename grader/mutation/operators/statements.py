"""What whole statements are changed to."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from grader.mutation.tree import Change, Tree, called

AUGMENTED: dict[type[cst.BaseAugOp], tuple[type[cst.BaseAugOp], ...]] = {
    cst.AddAssign: (cst.SubtractAssign,),
    cst.SubtractAssign: (cst.AddAssign,),
    cst.MultiplyAssign: (cst.DivideAssign,),
    cst.DivideAssign: (cst.MultiplyAssign,),
}


def statement(node: cst.CSTNode, tree: Tree) -> Iterator[Change]:
    """A call, a store into something or a variable's change is left out, ``+=`` becomes ``=`` or ``-=``."""
    match node:
        case cst.Expr(value=cst.Call() as call):
            if not _is_plain_super(call):
                yield cst.Pass()
        case cst.AugAssign():
            for other in AUGMENTED.get(type(node.operator), ()):
                yield node.with_changes(operator=other())
            yield cst.Assign([cst.AssignTarget(node.target)], node.value)
            yield cst.Pass()
        case cst.Assign(targets=[cst.AssignTarget(target=target)]):
            # A variable that is only made here is missed at once; what was there before is not.
            stores = isinstance(target, cst.Subscript | cst.Attribute) and "__init__" not in tree.function(
                node
            )
            if stores or (isinstance(target, cst.Name) and _reads(node.value, target.value)):
                yield cst.Pass()


def _is_plain_super(call: cst.Call) -> bool:
    """``super().__init__()``, without which nothing of a module works."""
    return called(call) == "__init__" and not call.args


class _Names(cst.CSTVisitor):
    def __init__(self) -> None:
        self.found: set[str] = set()

    def visit_Name(self, node: cst.Name) -> None:
        self.found.add(node.value)


def _reads(value: cst.BaseExpression, name: str) -> bool:
    names = _Names()
    value.visit(names)
    return name in names.found

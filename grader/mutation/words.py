"""Which other words could stand in place of a text constant."""

from __future__ import annotations

import libcst as cst

from grader.mutation.tree import Tree, called

MOST = 2  # alternatives of one word

# What torch's own arguments may say.
VOCABULARY: dict[str, tuple[str, ...]] = {
    "mean": ("sum", "none"),
    "sum": ("mean", "none"),
    "none": ("mean", "sum"),
    "fan_in": ("fan_out",),
    "fan_out": ("fan_in",),
    "relu": ("linear",),
    "gelu": ("relu",),
    "border": ("zeros", "reflection"),
    "zeros": ("border",),
    "constant": ("reflect",),
    "min": ("max",),
    "max": ("min",),
}
Role = tuple[str, ...]
"""What a text is there for: in a module, texts with the same role can be taken for each other."""


def alternatives(node: cst.SimpleString, tree: Tree) -> tuple[str, ...]:
    """Other words for a text, two at most; none where it is a message, a key of a dict or a format.

    Of the words with the same role in the module, those that come after it, in a circle, are taken.
    """
    word, role = _word(node), role_of(node, tree)
    if not word or not role:
        return ()
    if role[0] in ("argument", "keyword") and word in VOCABULARY:
        return VOCABULARY[word][:MOST]
    same = [_word(other) for other in tree.every(cst.SimpleString) if role_of(other, tree) == role]
    known = [other for other in dict.fromkeys(same) if other]
    place = known.index(word)
    return tuple([*known[place + 1 :], *known[:place]][:MOST])


def role_of(node: cst.SimpleString, tree: Tree) -> Role:
    """The role of a text constant; empty where no other word makes sense."""
    places: list[str] = []  # its places in the tuples around it
    inner: cst.CSTNode = node
    for outer in tree.above(node):
        match outer:
            case cst.Tuple() | cst.List() | cst.Set() | cst.ConcatenatedString():
                if isinstance(outer, cst.ConcatenatedString):
                    return ()
                if isinstance(outer, cst.Tuple):
                    places.append(str([element is inner for element in outer.elements].index(True)))
            case cst.Comparison():
                sides = [outer.left, *(target.comparator for target in outer.comparisons)]
                target = inner.comparator if isinstance(inner, cst.ComparisonTarget) else inner
                others = [tree.code(side) for side in sides if side is not target]
                return ("comparison", *others)
            case cst.Arg(keyword=cst.Name(value=keyword)):
                return ("keyword", keyword, *places)
            case cst.Arg():
                call = cst.ensure_type(tree.parent(outer), cst.Call)
                return ("argument", called(call), str(call.args.index(outer)), *places)
            case cst.Subscript():
                return ("subscript", tree.code(outer.value))
            case cst.DictElement():
                if outer.key is inner:
                    return ()
                table = tree.parent(outer)
                key: tuple[str, ...] = ()
                if isinstance(tree.parent(table), cst.DictElement | cst.Element):  # one of several records
                    key = (tree.code(outer.key),)
                return ("value", str(tree.line(tree.statement(table) or table)), *key, *places)
            case cst.Assign() | cst.AnnAssign():
                target = outer.target if isinstance(outer, cst.AnnAssign) else outer.targets[0].target
                return ("assignment", tree.code(target), *places)
            case cst.Return():
                return ("return", tree.function(outer), *places)
            case cst.For() | cst.CompFor():
                return ("loop", str(tree.line(outer)))
            case cst.Element() | cst.IfExp() | cst.ComparisonTarget() | cst.Index() | cst.SubscriptElement():
                pass
            case _:
                return ()
        inner = outer
    return ()


def _word(node: cst.SimpleString) -> str:
    """What it says, if it is one plain word: an empty text, a sentence or a prefix is none."""
    text = node.raw_value
    return text if not node.prefix and all(c.isalnum() or c in "_-." for c in text) else ""

"""Which names a statement binds and which it mentions, read from its text.

What code can reach is followed by name: a name is a name wherever it is defined, so that too much is found
rather than too little.
"""

from __future__ import annotations

import ast
import symtable
from collections.abc import Iterator

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def statements(text: str) -> list[ast.stmt]:
    """The top-level statements of a module, without docstrings anywhere.

    :raises SyntaxError: it does not parse.
    """
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, Definition):
            node.body = [each for each in node.body if not is_text(each)] or [ast.Pass()]
    # A known mistake is appended to a module, with its docstring.
    return [each for each in tree.body if not is_text(each)]


def defined(statement: ast.stmt) -> frozenset[str]:
    """The names that a top-level statement binds, those in its branches among them."""
    if isinstance(statement, Definition):
        return frozenset({statement.name})
    names: set[str] = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.alias):
            names.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, Definition):
            names.add(node.name)
    return frozenset(names)


def mentioned(statement: ast.AST) -> Iterator[str]:
    """Every name in it: read, an attribute, imported, or written out as a string for getattr."""
    for node in ast.walk(statement):
        yield from _written(node)


def _written(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.alias):
        yield from node.name.split(".")
    elif isinstance(node, ast.ImportFrom):
        yield from (node.module or "").split(".")
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
        yield node.value


def looked_up(statement: ast.AST) -> Iterator[str]:
    """Every name in it but those of its own variables: what :func:`mentioned` has of other places."""
    yield from _free(symtable.symtable(ast.unparse(statement), "<statement>", "exec"))
    for node in ast.walk(statement):
        if not isinstance(node, ast.Name):
            yield from _written(node)


def _free(table: symtable.SymbolTable) -> Iterator[str]:
    function = table.get_type() == "function"
    for symbol in table.get_symbols():
        if symbol.is_referenced() and (symbol.is_global() or not function):
            yield symbol.get_name()
    for inner in table.get_children():
        yield from _free(inner)


def is_text(statement: ast.stmt) -> bool:
    """Whether it is a docstring, or text that stands where one does."""
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )

"""Mutants of one module: a comparison, a condition, a number, a sign or a statement that is wrong in one place.

Texts are left as they are: what a verdict says in words is tested elsewhere, and a wrong word is no wrong verdict. So are
annotations, which nothing evaluates.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass

COMPARE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr, ast.LShift: ast.RShift,
    ast.RShift: ast.LShift, ast.Mult: ast.Add,
}  # fmt: skip
SWAPPED = {"REACHABLE": "BLOCKED", "BLOCKED": "REACHABLE", "UNKNOWN": "REACHABLE", "any": "all", "all": "any",
           "min": "max", "max": "min"}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """source: the module with the change; what: the changed line before and after."""

    line: int
    what: str
    source: str


def mutants(source: str) -> Iterator[Mutant]:
    """All mutants of a module's text, in the order of its lines."""
    tree = ast.parse(source)
    said = _annotations(tree)
    for number, node in enumerate(ast.walk(tree)):
        if id(node) in said:
            continue
        for way in range(3):
            changed = copy.deepcopy(tree)
            place = next(one for i, one in enumerate(ast.walk(changed)) if i == number)
            before = _shown(place)
            if not _change(place, way):
                break
            ast.fix_missing_locations(changed)
            yield Mutant(getattr(node, "lineno", 0), f"{before} -> {_shown(place)}", ast.unparse(changed))


def _annotations(tree: ast.AST) -> set[int]:
    """Identities of all nodes inside annotations."""
    found: set[int] = set()
    for node in ast.walk(tree):
        for member in ("annotation", "returns"):
            note = getattr(node, member, None)
            found |= {id(inner) for inner in ast.walk(note)} if isinstance(note, ast.AST) else set()
    return found


def _shown(node: ast.AST) -> str:
    return " ".join(ast.unparse(node).split())[:110]


def _change(node: ast.AST, way: int) -> bool:
    """Change the node in place; False where there is no such way."""
    if isinstance(node, ast.BoolOp) and way == 1:
        node.values = node.values[1:] if len(node.values) > 2 else [node.values[0], node.values[0]]
        return True
    return way == 0 and (_operator(node) or _condition(node) or _value(node))


def _operator(node: ast.AST) -> bool:
    match node:
        case ast.Compare(ops=[op]) if type(op) in COMPARE:
            node.ops = [COMPARE[type(op)]()]
        case ast.BoolOp(op=op):
            node.op = ast.Or() if isinstance(op, ast.And) else ast.And()
        case ast.BinOp(op=op) if type(op) in ARITHMETIC and not _is_text(node):
            node.op = ARITHMETIC[type(op)]()
        case _:
            return False
    return True


def _condition(node: ast.AST) -> bool:
    match node:
        case ast.UnaryOp(op=ast.Not()):
            node.operand = ast.UnaryOp(ast.Not(), node.operand)
        case ast.IfExp():
            node.body, node.orelse = node.orelse, node.body
        case ast.If() | ast.While():
            node.test = ast.UnaryOp(ast.Not(), node.test)
        case ast.comprehension(ifs=[_, *rest]):
            node.ifs = rest
        case _:
            return False
    return True


def _value(node: ast.AST) -> bool:
    match node:
        case ast.Constant(value=value) if isinstance(value, int):
            node.value = not value if isinstance(value, bool) else value + 1
        case ast.Attribute(attr=name) if name in SWAPPED:
            node.attr = SWAPPED[name]
        case ast.Name(id=name, ctx=ast.Load()) if name in SWAPPED:
            node.id = SWAPPED[name]
        case _:
            return False
    return True


def _is_text(node: ast.BinOp) -> bool:
    return any(isinstance(side, ast.JoinedStr) or (isinstance(side, ast.Constant) and isinstance(side.value, str))
               for side in (node.left, node.right))  # fmt: skip

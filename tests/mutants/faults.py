"""The small faults that can be put into a file: one operator, number, condition or statement each.

The kinds are the usual ones of mutation testing (Jia and Harman, "An Analysis and Survey of the
Development of Mutation Testing", 2011, table 1): relational, arithmetic and logical operators
replaced, constants changed, negations and statements taken out.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<=",
    ast.LtE: "<",
    ast.Gt: ">=",
    ast.GtE: ">",
    ast.Eq: "!=",
    ast.NotEq: "==",
    ast.Is: "is not",
    ast.IsNot: "is",
    ast.In: "not in",
    ast.NotIn: "in",
}
_ARITHMETIC: dict[type[ast.operator], str] = {
    ast.Add: "-",
    ast.Sub: "+",
    ast.Mult: "/",
    ast.Div: "*",
    ast.FloorDiv: "*",
    ast.Mod: "*",
    ast.BitOr: "&",
    ast.BitAnd: "|",
    ast.LShift: ">>",
    ast.RShift: "<<",
}
_CALLS = {
    "min": "max",
    "max": "min",
    "any": "all",
    "all": "any",
    "is_null": "is_not_null",
    "is_not_null": "is_null",
    "bisect_left": "bisect_right",
    "bisect_right": "bisect_left",
    "minimum": "maximum",
    "maximum": "minimum",
}
_LARGE = 1_000
_UNTOUCHED = (ast.Import, ast.ImportFrom, ast.Raise, ast.Assert, ast.Global, ast.Nonlocal)
"""Statements in which a fault would be noticed at once, or only change a message."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One change of a file's text.

    Attributes:
        path: of the file, from the top of the checkout.
        line: where it is, from 1.
        begin: offset of the first byte that is replaced.
        end: offset after the last one.
        text: what stands there instead.
        kind: the kind of fault.
    """

    path: str
    line: int
    begin: int
    end: int
    text: str
    kind: str

    def apply(self, source: bytes) -> bytes:
        """The file with the fault in it."""
        return source[: self.begin] + self.text.encode() + source[self.end :]


def faults_of(path: str, source: bytes) -> list[Fault]:
    """Every fault that can be put into a Python file, in the order of the text."""
    finder = _Finder(path, source)
    finder.visit(ast.parse(source))
    return sorted(finder.found, key=lambda fault: (fault.begin, fault.end, fault.text))


class _Finder(ast.NodeVisitor):
    def __init__(self, path: str, source: bytes) -> None:
        self._path = path
        self._source = source
        self._starts = [0]
        for line in source.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))
        self.found: list[Fault] = []

    def generic_visit(self, node: ast.AST) -> None:
        """Visit what is inside, but for what says nothing of behaviour."""
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns", "decorator_list", "bases"):
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST) and not isinstance(child, _UNTOUCHED):
                    self.visit(child)

    def visit_Compare(self, node: ast.Compare) -> None:
        """Another relation."""
        left: ast.expr = node.left
        for operator, right in zip(node.ops, node.comparators, strict=True):
            self._between(left, right, _COMPARISONS[type(operator)], "relation")
            left = right
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        """Another operator."""
        if (text := _ARITHMETIC.get(type(node.op))) and not _is_text(node):
            self._between(node.left, node.right, text, "operator")
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        """Another operator, or none at all."""
        if text := _ARITHMETIC.get(type(node.op)):
            self._between(node.target, node.value, f"{text}=", "operator")
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        """`or` for `and`, and the other way round."""
        text = "or" if isinstance(node.op, ast.And) else "and"
        for left, right in zip(node.values, node.values[1:], strict=False):
            self._between(left, right, text, "and or")
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        """A negation less."""
        if isinstance(node.op, ast.Not | ast.USub | ast.Invert):
            self._note(self._span(node)[0], self._span(node.operand)[0], "", "negation")
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        """Another number, or the other truth value."""
        value = node.value
        if isinstance(value, bool):
            self._replace(node, str(not value), "truth value")
        elif isinstance(value, int | float):
            # One more nanosecond is nothing.
            self._replace(node, repr(value * 2 if value >= _LARGE else value + 1), "number")

    def visit_Call(self, node: ast.Call) -> None:
        """The opposite function, where there is one."""
        function = node.func
        name = getattr(function, "attr", getattr(function, "id", ""))
        if name in _CALLS:
            _, end = self._span(function)
            self._note(end - len(name), end, _CALLS[name], "function")
        self.generic_visit(node)

    def visit_If(self, node: ast.If) -> None:
        """A branch that is never taken, and one that always is."""
        for text in ("False", "True"):
            self._replace(node.test, text, "branch")
        self.generic_visit(node)

    def visit_Return(self, node: ast.Return) -> None:
        """Nothing instead of the result."""
        if node.value is not None and not isinstance(node.value, ast.Constant):
            self._replace(node.value, "None", "result")
        self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        """A call less; texts that stand alone are docstrings."""
        if isinstance(node.value, ast.Call):
            self._replace(node, "pass", "statement")
        if not isinstance(node.value, ast.Constant):
            self.generic_visit(node)

    def visit_Continue(self, node: ast.Continue) -> None:
        """The end of the loop instead of its next round."""
        self._replace(node, "break", "loop")

    def visit_Break(self, node: ast.Break) -> None:
        """The next round of the loop instead of its end."""
        self._replace(node, "continue", "loop")

    def _replace(self, node: ast.expr | ast.stmt, text: str, kind: str) -> None:
        self._note(*self._span(node), text, kind)

    def _between(self, left: ast.expr, right: ast.expr, text: str, kind: str) -> None:
        """Replace the operator between two operands; closing and opening brackets stay."""
        _, begin = self._span(left)
        end, _ = self._span(right)
        gap = self._source[begin:end].decode()
        if "#" in gap or "\\" in gap:
            return
        old = gap.strip(" \n()")
        if old:
            start = begin + gap.index(old)
            self._note(start, start + len(old.encode()), text, kind)

    def _note(self, begin: int, end: int, text: str, kind: str) -> None:
        line = self._source.count(b"\n", 0, begin) + 1
        self.found.append(Fault(self._path, line, begin, end, text, kind))

    def _span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        end_line, end_column = node.end_lineno or node.lineno, node.end_col_offset or 0
        begin = self._starts[node.lineno - 1] + node.col_offset
        return begin, self._starts[end_line - 1] + end_column


def _is_text(node: ast.BinOp) -> bool:
    """Whether texts or types are put together: nothing of that is arithmetic."""
    sides = (node.left, node.right)
    return any(
        isinstance(side, ast.JoinedStr)
        or (isinstance(side, ast.Constant) and isinstance(side.value, str | bytes | None))
        for side in sides
    )


def in_rooms(paths: Iterator[str], rooms: list[str]) -> list[str]:
    """Python files that lie in some folders, or are them."""
    wanted = [room.rstrip("/") for room in rooms]
    return sorted(
        path
        for path in paths
        if path.endswith(".py") and any(path == one or path.startswith(f"{one}/") for one in wanted)
    )

"""SQL text to a syntax tree, within bounds."""

from itertools import pairwise
from typing import TypeGuard

import sqlglot
from sqlglot import exp
from sqlglot.errors import ErrorLevel, ParseError, SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from tidegauge.expressions.compiled import ExpressionError
from tidegauge.texts import shorten

DIALECT = "postgres"
MAX_LENGTH = 2_000
"""Characters of an expression."""
MAX_BRACKETS = 20
"""Brackets and CASEs within each other."""
MAX_DEPTH = 100
"""Levels of the syntax tree; a chain of n operators has n."""

_WRITTEN = "tidegauge_written"
_DISTINCT = "aPPROX_dISTINCT"
"""Stands for `distinct`, so spelt that it is told from what somebody wrote."""
_NEGATED = (exp.In, exp.Between, exp.RegexpLike, exp.RegexpILike)
"""What is negated in its middle."""
_OPENING = {TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE, TokenType.CASE}
_CLOSING = {TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE, TokenType.END}
_ADVICE = "make it simpler, or split it with `derive`"


def parse(sql: str) -> exp.Expr:
    """Syntax tree of one SQL expression.

    Raises:
        ExpressionError: the text is empty, too long, too deep or no expression.
    """
    if len(sql) > MAX_LENGTH:
        raise ExpressionError(f"longer than {MAX_LENGTH:,} characters: {_ADVICE}")
    try:
        tokens = sqlglot.tokenize(sql, dialect=DIALECT)
        if not tokens:
            raise ExpressionError("the expression is empty")
        _check_brackets(tokens)
        named = _named(tokens, sql)
        tree = sqlglot.parse_one(named, into=exp.Condition, dialect=DIALECT)
    except ParseError as error:
        raise ExpressionError(_reason(error)) from None
    except SqlglotError:
        raise ExpressionError(
            f"{shorten(sql)} cannot be read: is a quotation mark missing?"
        ) from None
    except RecursionError:
        raise ExpressionError(f"nested too deeply: {_ADVICE}") from None
    _check_depth(tree)
    _note_calls(tree, named)
    return tree


def canonical(tree: exp.Expr) -> str:
    """The same text for the same expression, however it was spaced, cased or quoted."""
    return _sql(tree, identify=True)


def snippet(tree: exp.Expr) -> str:
    """The expression as a message shows it: as it was written, on one line, not too long."""
    around = tree.parent if _is_negated(tree) else None
    return shorten(as_written(around or tree))


def as_written(tree: exp.Expr) -> str:
    """The expression as it was written, on one line."""
    return " ".join(_sql(tree.transform(_as_written)).split())


def written_as(tree: exp.Expr, text: str) -> exp.Expr:
    """The tree, which messages show as this text."""
    tree.meta[_WRITTEN] = text
    return tree


def _sql(tree: exp.Expr, *, identify: bool = False) -> str:
    # What the dialect does not have is refused elsewhere; sqlglot would log it, too.
    return tree.sql(
        dialect=DIALECT, identify=identify, comments=False, unsupported_level=ErrorLevel.IGNORE
    )


def _reason(error: ParseError) -> str:
    if not error.errors:
        return "cannot be read as an SQL expression"
    first = error.errors[0]
    at = shorten(str(first.get("highlight") or ""))
    before = shorten(str(first.get("start_context") or "")[-30:])
    place = f"at {at!r}" + (f" after {before!r}" if before else "")
    description = str(first.get("description") or "")
    if description.startswith("Expecting"):
        return f"cannot be read {place}: expected {description.removeprefix('Expecting').strip()}"
    if description.startswith(("Required", "The number of provided")):
        return f"cannot be read {place}: something is missing or too much there"
    return f"cannot be read {place}: write one SQL expression, such as amount > 10"


def _check_brackets(tokens: list[Token]) -> None:
    depth = 0
    for token in tokens:
        depth += (token.token_type in _OPENING) - (token.token_type in _CLOSING)
        if depth > MAX_BRACKETS:
            raise ExpressionError(f"more than {MAX_BRACKETS} brackets within each other: {_ADVICE}")


def _check_depth(tree: exp.Expr) -> None:
    level: list[exp.Expr] = [tree]
    for _ in range(MAX_DEPTH):
        level = [child for node in level for child in node.iter_expressions()]
        if not level:
            return
    raise ExpressionError(f"nested more than {MAX_DEPTH} levels deep: {_ADVICE}")


def _named(tokens: list[Token], sql: str) -> str:
    """The text with `distinct(x)`, whose name is a keyword, as `approx_distinct(x)`."""
    pieces, end = [], 0
    for index, token in enumerate(tokens[:-1]):
        if token.token_type is not TokenType.DISTINCT:
            continue
        before = [earlier.text.upper() for earlier in tokens[max(index - 2, 0) : index]]
        if tokens[index + 1].token_type is TokenType.L_PAREN and before != ["COUNT", "("]:
            pieces += [sql[end : token.start], _DISTINCT]
            end = token.end + 1
    return "".join(pieces) + sql[end:]


def written_name(tree: exp.Expr) -> str | None:
    """Name of a function as it was written; None where that is not known."""
    written = tree.meta.get(_WRITTEN)
    return None if written is None else str(written).partition("(")[0].strip()


def _note_calls(tree: exp.Expr, sql: str) -> None:
    """Keep the text of each call of a function: SQL that is made again has other names for some.

    Raises:
        ExpressionError: an argument was read over.
    """
    calls = _brackets(sqlglot.tokenize(sql, dialect=DIALECT))
    for node in tree.walk():
        start, end = node.meta.get("start"), node.meta.get("end")
        if start is None or end is None:
            continue
        opening = end + 1 + len(sql[end + 1 :]) - len(sql[end + 1 :].lstrip())
        if opening not in calls:
            continue
        closing, arguments = calls[opening]
        written_as(node, sql[start : closing + 1].replace(_DISTINCT, "distinct"))
        read = sum(len(part) if isinstance(part, list) else 1 for part in node.args.values())
        if arguments > read and not isinstance(node.args.get("this"), exp.Distinct):
            raise ExpressionError(f"{snippet(node)}: it takes fewer arguments")


def _brackets(tokens: list[Token]) -> dict[int, tuple[int, int]]:
    """By the place of each round bracket that of its end, and the number of what commas part."""
    found: dict[int, tuple[int, int]] = {}
    opened: list[tuple[Token, int]] = []
    for before, token in pairwise([tokens[0], *tokens]):
        if token.token_type in _OPENING:
            opened.append((token, 1))
        elif token.token_type is TokenType.COMMA and opened:
            opening, parts = opened.pop()
            opened.append((opening, parts + 1))
        elif token.token_type in _CLOSING and opened:
            opening, parts = opened.pop()
            if opening.token_type is TokenType.L_PAREN:
                found[opening.start] = token.end, 0 if before is opening else parts
    return found


def _as_written(node: exp.Expr) -> exp.Expr:
    written = node.meta.get(_WRITTEN)
    if written is not None:
        return exp.var(written)
    if isinstance(node, exp.Pow):
        return exp.var(f"{as_written(node.this)} ^ {as_written(node.expression)}")
    if _is_negated(node.args.get("this")):
        return exp.var(_negated(node.this))
    return node


def _is_negated(tree: object) -> TypeGuard[exp.Expr]:
    """Whether an operator is negated in its middle: its text is then that of the NOT around it."""
    return isinstance(tree, _NEGATED) and isinstance(tree.parent, exp.Not)


def _negated(tree: exp.Expr) -> str:
    """`b NOT IN (…)`, of which sqlglot makes `NOT b IN (…)`."""
    subject, positive = as_written(tree.this), as_written(tree)
    rest = positive.removeprefix(subject).lstrip()
    negation = "!" if rest.startswith("~") else "NOT "
    return f"{subject} {negation}{rest}"

"""SQL text to a syntax tree, within bounds."""

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from tidegauge.expressions.compiled import ExpressionError

DIALECT = "postgres"
MAX_LENGTH = 2_000
"""Characters of an expression."""
MAX_BRACKETS = 20
"""Brackets and CASEs within each other."""
MAX_DEPTH = 100
"""Levels of the syntax tree; a chain of n operators has n."""

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
        tree = sqlglot.parse_one(_named(tokens, sql), into=exp.Condition, dialect=DIALECT)
    except ParseError as error:
        raise ExpressionError(_reason(error)) from None
    except SqlglotError:
        raise ExpressionError(
            f"{shorten(sql)} cannot be read: is a quotation mark missing?"
        ) from None
    except RecursionError:
        raise ExpressionError(f"nested too deeply: {_ADVICE}") from None
    _check_depth(tree)
    return tree


def canonical(tree: exp.Expr) -> str:
    """The same text for the same expression, however it was spaced, cased or quoted."""
    return tree.sql(dialect=DIALECT, identify=True, comments=False)


def snippet(tree: exp.Expr) -> str:
    """The expression as a message shows it: on one line, not too long."""
    return shorten(tree.sql(dialect=DIALECT, comments=False))


def shorten(text: str, width: int = 60) -> str:
    """The text on one line, cut to `width` characters."""
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 1] + "…"


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
            pieces += [sql[end : token.start], "approx_distinct"]
            end = token.end + 1
    return "".join(pieces) + sql[end:]

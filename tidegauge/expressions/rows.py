"""Expressions over one row in Python: what a compiled part gives for a row and what a run took.

Patterns ask for an expression once for each event and run, where starting a Polars query takes
longer than the answer. Each part is compiled to both, by one rule, and gives the same value.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import polars as pl

Row = Callable[[Any, Any], Any]
"""Value for a row and the memo of a run; None for null."""
_WRAP = 1 << 64
_MOST = (1 << 63) - 1
_LEAST = -(1 << 63)


def constant(value: Any) -> Row:
    """The same value for every row."""
    return lambda _row, _memo: value


def column(name: str) -> Row:
    """A column of a row that is a mapping."""

    def evaluate(row: Mapping[str, Any], _memo: object) -> Any:
        return row[name]

    return evaluate


def strict(apply: Callable[..., Any], *parts: Row) -> Row:
    """A function whose value is null when one of its one or two arguments is."""
    if len(parts) == 1:
        return _unary(apply, parts[0])
    left, right = parts

    def evaluate(row: Any, memo: Any) -> Any:
        a = left(row, memo)
        if a is None:
            return None
        b = right(row, memo)
        return None if b is None else apply(a, b)

    return evaluate


def _unary(apply: Callable[[Any], Any], part: Row) -> Row:
    def evaluate(row: Any, memo: Any) -> Any:
        value = part(row, memo)
        return None if value is None else apply(value)

    return evaluate


def of_values(apply: Callable[..., Any], *parts: Row) -> Row:
    """A function that sees nulls, as None."""
    return lambda row, memo: apply(*(part(row, memo) for part in parts))


def both(left: Row, right: Row) -> Row:
    """AND of three values."""

    def evaluate(row: Any, memo: Any) -> Any:
        a = left(row, memo)
        if a is False:
            return False
        b = right(row, memo)
        if b is False:
            return False
        return None if a is None or b is None else True

    return evaluate


def either(left: Row, right: Row) -> Row:
    """OR of three values."""

    def evaluate(row: Any, memo: Any) -> Any:
        a = left(row, memo)
        if a:
            return True
        b = right(row, memo)
        if b:
            return True
        return None if a is None or b is None else False

    return evaluate


def choice(tests: Sequence[Row], values: Sequence[Row]) -> Row:
    """The value of the first test that holds, else the last value."""
    branches = tuple(zip(tests, values, strict=False))
    otherwise = values[-1]

    def evaluate(row: Any, memo: Any) -> Any:
        for test, value in branches:
            if test(row, memo):
                return value(row, memo)
        return otherwise(row, memo)

    return evaluate


def first_known(parts: Sequence[Row]) -> Row:
    """COALESCE."""

    def evaluate(row: Any, memo: Any) -> Any:
        for part in parts:
            value = part(row, memo)
            if value is not None:
                return value
        return None

    return evaluate


def among_known(choose: Callable[[list[Any]], Any], parts: Sequence[Row]) -> Row:
    """A function of the values that are not null; null where there are none."""

    def evaluate(row: Any, memo: Any) -> Any:
        known = [value for part in parts if (value := part(row, memo)) is not None]
        return choose(known) if known else None

    return evaluate


def wrapped(value: int) -> int:
    """A whole number in 64 bits, as Polars has it: it wraps around."""
    if _LEAST <= value <= _MOST:
        return value
    return (value - _LEAST) % _WRAP + _LEAST


def fitting(value: int) -> int | None:
    """A whole number; null where 64 bits do not hold it."""
    return value if _LEAST <= value <= _MOST else None


def real(apply: Callable[..., float]) -> Callable[..., float | None]:
    """A function of real numbers; null where it has no value."""

    def evaluate(*values: float) -> float | None:
        try:
            return apply(*values)
        except (ValueError, ArithmeticError):
            return None

    return evaluate


def whole_remainder(dividend: int, divisor: int) -> int | None:
    """The remainder with the sign of the dividend; null for a divisor of 0."""
    if not divisor:
        return None
    rest = abs(dividend) % abs(divisor)
    return -rest if dividend < 0 else rest


def rounded(value: float, decimals: int) -> float:
    """A float to some decimals, halves away from zero."""
    scale = 10.0**decimals
    scaled = value * scale
    if not math.isfinite(scaled):
        return value
    down = math.trunc(scaled)
    away = down + math.copysign(1, scaled) if abs(scaled - down) >= 0.5 else down
    return math.copysign(away / scale, value)


def floored(value: float) -> float:
    """FLOOR."""
    return math.copysign(math.floor(value), value)


def ceiled(value: float) -> float:
    """CEIL."""
    return math.copysign(math.ceil(value), value)


def nearest(value: float) -> int | None:
    """The nearest whole number, halves to the even one."""
    return fitting(round(value))


def upper(text: str) -> str:
    """UPPER."""
    if text.isascii():
        return text.upper()
    return str(pl.select(pl.lit(text).str.to_uppercase()).item())


def lower(text: str) -> str:
    """LOWER."""
    if text.isascii():
        return text.lower()
    return str(pl.select(pl.lit(text).str.to_lowercase()).item())


def matches(pattern: str, *, ignore_case: bool) -> Callable[[str], bool]:
    """Whether a text as a whole is of a regular expression."""
    compiled = re.compile(pattern, re.DOTALL | (re.IGNORECASE if ignore_case else 0))
    flags = "(?si)" if ignore_case else "(?s)"

    def test(text: str) -> bool:
        if ignore_case and not (text.isascii() and pattern.isascii()):
            # What is a letter's other case depends on the library.
            return bool(pl.select(pl.lit(text).str.contains(f"{flags}^{pattern}$")).item())
        return compiled.fullmatch(text) is not None

    return test


def by_series(source: type[pl.DataType], target: type[pl.DataType]) -> Callable[[Any], Any]:
    """CAST by Polars, which reads and writes numbers its own way."""
    return lambda value: pl.Series([value], dtype=source).cast(target, strict=False)[0]

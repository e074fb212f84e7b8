"""Compiled expressions, kept by their text and columns.

A pipeline file is compiled from many sides (its check, its signals, each step of the flow), and
reading a text takes a millisecond or more.
"""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar

from tidegauge.expressions.compiled import Columns
from tidegauge.fieldtypes import FieldType

MAX_KEPT = 1_024
"""Expressions of a kind that are kept; the one that was not asked for longest makes room."""
_FORGET: list[Callable[[], None]] = []
Compiled = TypeVar("Compiled")
Compile = Callable[[str, Columns], Compiled]


def cached(compile_: Compile[Compiled]) -> Compile[Compiled]:
    """The function, which compiles a text over the same columns once; mistakes are not kept."""

    @lru_cache(MAX_KEPT)
    def kept(sql: str, columns: tuple[tuple[str, FieldType | None], ...]) -> Compiled:
        return compile_(sql, dict(columns))

    _FORGET.append(kept.cache_clear)

    @wraps(compile_)
    def compiled(sql: str, columns: Columns) -> Compiled:
        return kept(sql, tuple(columns.items()))

    return compiled


def forget() -> None:
    """Keep nothing of what was compiled so far: for tests, of which each compiles what it needs."""
    for clear in _FORGET:
        clear()

"""Pieces of sessions: found in a batch, and joined where no gap lies between them."""

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from operators.windows.accumulators import FIRST, LAST, Accumulator, Merge
from operators.windows.collecting import collect, wanted
from operators.windows.merging import merge_part
from operators.windows.part import Part, concat_parts
from operators.windows.plan import WindowPlan
from operators.windows.shapes import Session, of_kind
from tidegauge.batch import TIME

PIECE = "_piece"
"""Column: number of a piece of a session, unique among the rows it stands with (Int64)."""
SESSION = "_session"
"""Column: number of the session that a piece belongs to (Int64)."""
DUE = Accumulator("_due", Merge.HIGHER, pl.col(TIME).max(), integer=True)
"""End of the session that a piece belongs to, as far as it is known; it can only rise."""

OPEN, GIVEN, LATE = range(3)
"""Where a piece comes from: on time, and the session is open or given out; or a correction."""
_ORIGINS = 3
ORIGIN = pl.col(PIECE) % _ORIGINS
"""Where a piece comes from, of those that `numbered_apart` put together."""


def preaggregate(plan: WindowPlan, events: pl.DataFrame) -> Part:
    """Rows with the key columns, `PIECE` and the accumulators: events without a gap between."""
    gap_ns = of_kind(plan.shape, Session).gap_ns
    ordered = wanted(plan, events).sort([*plan.by, TIME])
    begins = _new_key(list(plan.by)) | (pl.col(TIME) >= pl.col(TIME).shift(1) + gap_ns)
    return collect(plan, ordered.with_columns(_numbered(begins).alias(PIECE)), [PIECE])


def with_due(plan: WindowPlan) -> WindowPlan:
    """The plan with `DUE` among its accumulators."""
    return replace(plan, accumulators=(*plan.accumulators, DUE))


def sessions_of(rows: pl.DataFrame, by: Sequence[str], gap_ns: int) -> pl.DataFrame:
    """Pieces, by key and first event, with the column `SESSION`."""
    reach = pl.col(LAST.name).cum_max()
    ordered = rows.sort([*by, FIRST.name]).with_columns(
        (reach.over(by) if by else reach).alias("_reach")
    )
    begins = _new_key(by) | (pl.col(FIRST.name) >= pl.col("_reach").shift(1) + gap_ns)
    return ordered.with_columns(_numbered(begins).alias(SESSION)).drop("_reach")


def join_pieces(plan: WindowPlan, part: Part) -> Part:
    """One row for each session: pieces of it that are not separated by the gap become one.

    Args:
        plan: the window, with or without `DUE`.
        part: rows with `PIECE`; the result has new numbers, each that of one of its pieces.
    """
    gap_ns = of_kind(plan.shape, Session).gap_ns
    rows = sessions_of(part.rows, list(plan.by), gap_ns)
    rows = rows.with_columns(pl.col(PIECE).first().over(SESSION).alias(SESSION))
    return as_pieces(merge_part(plan, labelled(part, rows), [SESSION]))


def labelled(part: Part, rows: pl.DataFrame) -> Part:
    """What the part has of the pieces in `rows`, with their `SESSION` instead of `PIECE`."""
    session_of = rows.select(PIECE, SESSION)
    tables = {
        name: table.join(session_of, on=PIECE).drop(PIECE) for name, table in part.tables.items()
    }
    return Part(rows.drop(PIECE), tables)


def as_pieces(part: Part) -> Part:
    """Sessions, each as one piece."""
    names = {SESSION: PIECE}
    tables = {name: table.rename(names) for name, table in part.tables.items()}
    return Part(part.rows.rename(names), tables)


def numbered_apart(*parts: Part | None) -> Part:
    """Parts by origin, put together; their numbers tell where each piece is from."""
    apart = [
        _renumbered(part, pl.col(PIECE) * _ORIGINS + origin)
        for origin, part in enumerate(parts)
        if part is not None
    ]
    return concat_parts(apart)


def own_numbers(part: Part) -> Part:
    """Pieces of one origin with the numbers that they had there."""
    return _renumbered(part, pl.col(PIECE) // _ORIGINS)


def picked(part: Part, rows: pl.DataFrame) -> Part:
    """What the part has of the pieces in `rows`: those rows, with its own columns."""
    tables = {name: table.join(rows, on=PIECE, how="semi") for name, table in part.tables.items()}
    return Part(rows.select(part.rows.columns), tables)


def _renumbered(part: Part, number: pl.Expr) -> Part:
    tables = {name: table.with_columns(number) for name, table in part.tables.items()}
    return Part(part.rows.with_columns(number), tables)


def _new_key(by: Sequence[str]) -> pl.Expr:
    changed = [pl.col(key).ne_missing(pl.col(key).shift(1)) for key in by]
    return pl.any_horizontal(changed) if changed else pl.lit(value=False)


def _numbered(begins: pl.Expr) -> pl.Expr:
    # The first row has none before it.
    first = pl.int_range(pl.len()) == 0
    return (begins.fill_null(value=True) | first).cast(pl.Int64).cum_sum()

"""Pieces of sessions that are held, and what of them is due."""

from functools import partial

import polars as pl

from operators.windows.accumulators import LAST
from operators.windows.part import Part, concat_parts
from operators.windows.pile import Pile
from operators.windows.plan import WindowPlan
from operators.windows.sessions.pieces import DUE, PIECE, join_pieces
from tidegauge.batch import END_OF_TIME


class Held:
    """Pieces of one sort: on time and open, on time and given out, or corrections.

    Args:
        plan: the window, with `DUE` among its accumulators.
        gap_ns: the gap that ends a session.
    """

    def __init__(self, plan: WindowPlan, gap_ns: int) -> None:
        self._by = list(plan.by)
        self._gap_ns = gap_ns
        self._pile = Pile(partial(join_pieces, plan))
        self._next = 0
        self._earliest_ns = END_OF_TIME

    def __len__(self) -> int:
        return len(self._pile)

    def add(self, part: Part) -> None:
        """Take in pieces of a batch: they get numbers of their own and their own end as `DUE`."""
        if not part.rows.height:
            return
        number = pl.col(PIECE) + self._next
        due = (pl.col(LAST.name) + self._gap_ns).alias(DUE.name)
        highest: int = part.rows[PIECE].max()  # type: ignore[assignment]  # Int64 without nulls
        tables = {name: table.with_columns(number) for name, table in part.tables.items()}
        self.put(Part(part.rows.with_columns(number, due), tables))
        self._next += highest + 1

    def put(self, part: Part) -> None:
        """Take in pieces whose numbers are their own already."""
        if part.rows.height:
            earliest: int = part.rows[DUE.name].min()  # type: ignore[assignment]  # as above
            self._earliest_ns = min(self._earliest_ns, earliest)
            self._pile.add(part)

    def due(self, until_ns: int) -> pl.DataFrame | None:
        """Key columns of pieces whose session may end by then; None when there are none."""
        held = self._pile.all() if self._earliest_ns <= until_ns else None
        if held is None:
            return None
        rows = held.rows.filter(pl.col(DUE.name) <= until_ns)
        if rows.height:
            return rows.select(self._by).unique() if self._by else rows.select(DUE.name).head(1)
        self._look(held)
        return None

    def of_keys(self, keys: pl.DataFrame) -> Part | None:
        """Pieces of these keys."""
        held = self._pile.all()
        return None if held is None else self._split(held, keys)[0]

    def take(self, keys: pl.DataFrame) -> Part | None:
        """Pieces of these keys, which are held no longer."""
        held = self._pile.all()
        if held is None:
            return None
        taken, rest = self._split(held, keys)
        self._pile.replace(rest)
        self._look(rest)
        return taken

    def forget(self, until_ns: int, unless: "Held") -> None:
        """Drop pieces that ended by then, but for keys that another holds pieces of."""
        held = self._pile.all() if self._earliest_ns <= until_ns else None
        if held is None:
            return
        over = held.rows.filter(pl.col(DUE.name) <= until_ns)
        others = unless.all()
        if others is not None:
            over = self._without(over, others.rows)
        rest = held
        if over.height:
            rest = held.filter(~pl.col(PIECE).is_in(over[PIECE].to_numpy()))
            self._pile.replace(rest)
        self._look(rest)

    def all(self) -> Part | None:
        """Everything."""
        return self._pile.all()

    def snapshot(self) -> tuple[Part | None, int]:
        """Everything, and the next number."""
        return self._pile.merged(), self._next

    def restore(self, saved: tuple[Part | None, int]) -> None:
        """Take over what `snapshot` returned."""
        part, self._next = saved
        self._pile.replace(part)
        if part is not None:
            self._look(part)

    def _look(self, part: Part) -> None:
        earliest: int | None = part.rows[DUE.name].min()  # type: ignore[assignment]  # Int64
        self._earliest_ns = END_OF_TIME if earliest is None else earliest

    def _split(self, held: Part, keys: pl.DataFrame) -> tuple[Part, Part]:
        if not self._by:
            return held, Part(held.rows.clear(), {n: t.clear() for n, t in held.tables.items()})
        inside = held.rows.join(keys, on=self._by, how="semi", nulls_equal=True)
        if inside.height == held.rows.height:
            return held, Part(held.rows.clear(), {n: t.clear() for n, t in held.tables.items()})
        outside = held.rows.join(keys, on=self._by, how="anti", nulls_equal=True)
        taken = {n: t.join(inside, on=PIECE, how="semi") for n, t in held.tables.items()}
        rest = {n: t.join(inside, on=PIECE, how="anti") for n, t in held.tables.items()}
        return Part(inside, taken), Part(outside, rest)

    def _without(self, rows: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
        if not self._by:
            return rows.clear()
        return rows.join(others, on=self._by, how="anti", nulls_equal=True)


def together(parts: list[Part | None]) -> Part | None:
    """All rows of those that are there."""
    there = [part for part in parts if part is not None]
    return concat_parts(there) if there else None

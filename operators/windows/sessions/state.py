"""One session window in one key group: sessions that are open, given out, and corrected."""

from collections.abc import Iterator
from typing import Any

import polars as pl

from operators.windows.accumulators import FIRST, LAST, ROWS
from operators.windows.merging import merge_part
from operators.windows.part import Part, concat_parts
from operators.windows.plan import WindowPlan
from operators.windows.saved import check_layout
from operators.windows.sessions.held import Held, together
from operators.windows.sessions.pieces import (
    DUE,
    GIVEN,
    LATE,
    ORIGIN,
    PIECE,
    SESSION,
    as_pieces,
    join_pieces,
    labelled,
    numbered_apart,
    own_numbers,
    picked,
    sessions_of,
    with_due,
)
from operators.windows.shapes import Session, of_kind
from tidegauge.batch import NO_TIME
from tidegauge.catalogue import FINAL, STATE, SUPERSEDED

_START, _END, _CORRECTED = "_start", "_end", "_corrected"


class SessionState:
    """Sessions of on-time events, and what corrections make of them.

    A session of the on-time events alone is given out (revision 0) when the watermark passes its
    end. A session of all events that has a correction in it is given out (revision 1) when the
    watermark passes its end + allowed lateness, and with it those that were given out before as
    something else and are part of it now, as superseded. Nothing that comes later can reach a
    session then: both are functions of the log.
    """

    def __init__(self, plan: WindowPlan) -> None:
        self._plan = plan
        self._due_plan = with_due(plan)
        self._gap_ns = of_kind(plan.shape, Session).gap_ns
        self._open = Held(self._due_plan, self._gap_ns)
        self._given = Held(self._due_plan, self._gap_ns)
        self._corrections = Held(self._due_plan, self._gap_ns)
        self._watermark_ns = NO_TIME
        self.dropped = 0
        """Events that came when every session that they could be in was over."""

    @property
    def empty(self) -> bool:
        """Whether it holds no event."""
        return not (len(self._open) or len(self._given) or len(self._corrections))

    def add(self, on_time: Part | None, corrections: Part | None) -> list[pl.DataFrame]:
        """Take in what a batch brought.

        Where a partition wakes from idleness in another process, on-time events can arrive behind
        the watermark: they become corrections, for sessions there may have been given out already.
        Those whose session is over are given back, and counted in `dropped`.
        """
        over: list[pl.DataFrame] = []
        if on_time is not None and on_time.rows.height:
            behind = on_time.rows[FIRST.name].to_numpy() < self._watermark_ns
            if behind.any():
                late = pl.col(PIECE).is_in(on_time.rows[PIECE].to_numpy()[behind])
                over += self._correct(on_time.filter(late))
                on_time = on_time.filter(~late)
            self._open.add(on_time)
        if corrections is not None and corrections.rows.height:
            over += self._correct(corrections)
        return over

    def advance(self, watermark_ns: int) -> Iterator[Part]:
        """Close what the watermark has passed.

        Yields:
            rows of key columns, `CLOSED`, `STATE` and accumulators, first results first, what is
            superseded before what supersedes it, and tables.
        """
        if watermark_ns <= self._watermark_ns:
            return
        self._watermark_ns = watermark_ns
        closed = together([self._firsts(watermark_ns), self._corrected()])
        if closed is not None and closed.rows.height:
            yield closed

    def snapshot(self) -> dict[str, Any]:
        """Everything a restart needs, as frames, which never change."""
        return {
            "layout": self._plan.layout,
            "open": self._open.snapshot(),
            "given": self._given.snapshot(),
            "corrections": self._corrections.snapshot(),
            "watermark_ns": self._watermark_ns,
            "dropped": self.dropped,
        }

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Take over what `snapshot` returned.

        Raises:
            UserMistake: it is of a window that was declared otherwise.
        """
        check_layout(self._plan, snapshot["layout"])
        self._open.restore(snapshot["open"])
        self._given.restore(snapshot["given"])
        self._corrections.restore(snapshot["corrections"])
        self._watermark_ns = snapshot["watermark_ns"]
        self.dropped = snapshot["dropped"]

    @property
    def _final_ns(self) -> int:
        """Sessions that end by then are not changed by anything that comes later."""
        return self._watermark_ns - self._plan.lateness_ns

    def _correct(self, part: Part) -> list[pl.DataFrame]:
        late_rows = []
        over = part.rows[LAST.name].to_numpy() + self._gap_ns <= self._final_ns
        if over.any():
            late = pl.col(PIECE).is_in(part.rows[PIECE].to_numpy()[over])
            late_rows.append(part.rows.filter(late))
            self.dropped += int(late_rows[0][ROWS.name].sum())
            part = part.filter(~late)
        self._corrections.add(part)
        return late_rows

    def _firsts(self, until_ns: int) -> Part | None:
        """First results of sessions that end by then; they are kept while they can change."""
        keys = self._open.due(until_ns)
        found = None if keys is None else self._open.take(keys)
        if found is None:
            return None
        sessions = join_pieces(self._due_plan, found)
        ended = pl.col(PIECE).is_in(
            sessions.rows.filter(pl.col(DUE.name) <= until_ns)[PIECE].to_numpy()
        )
        self._open.put(sessions.filter(~ended))
        closed = sessions.filter(ended)
        self._given.add(closed)
        return _results(closed, 0, FINAL)

    def _corrected(self) -> Part | None:
        """Sessions with corrections that nothing can change any more, and what they supersede."""
        keys = self._corrections.due(self._final_ns)
        made = None if keys is None else self._merged(keys)
        self._given.forget(self._final_ns, unless=self._corrections)
        return made

    def _merged(self, keys: pl.DataFrame) -> Part | None:
        """The same for some keys, of all their pieces."""
        every = numbered_apart(
            self._open.of_keys(keys), self._given.take(keys), self._corrections.take(keys)
        )
        session = pl.col(SESSION)
        rows = sessions_of(every.rows, list(self._plan.by), self._gap_ns).with_columns(
            (pl.col(LAST.name).max() + self._gap_ns).over(session).alias(_END),
            pl.col(FIRST.name).min().over(session).alias(_START),
            (ORIGIN == LATE).any().over(session).alias(_CORRECTED),
        )
        ended = pl.col(_END) <= self._final_ns
        self._keep(every, rows.filter(~ended))
        rows = rows.filter(ended & pl.col(_CORRECTED))
        if not rows.height:
            return None
        changed = (pl.col(FIRST.name) != pl.col(_START)) | (pl.col(DUE.name) != pl.col(_END))
        superseded = picked(every, rows.filter((ORIGIN == GIVEN) & changed))
        merged = merge_part(self._due_plan, labelled(every, rows), [SESSION])
        made = [_results(superseded, 1, SUPERSEDED), _results(as_pieces(merged), 1, FINAL)]
        both = concat_parts(made)
        # What is superseded may end where its successor does: it must be written first.
        return Part(both.rows.sort("time_ns", maintain_order=True), both.tables)

    def _keep(self, every: Part, rows: pl.DataFrame) -> None:
        """Put back what may still change; corrections need not be looked at before that ends."""
        given, late = rows.filter(ORIGIN == GIVEN), rows.filter(ORIGIN == LATE)
        self._given.put(own_numbers(picked(every, given)))
        late = late.with_columns(pl.col(_END).alias(DUE.name))
        self._corrections.put(own_numbers(picked(every, late)))


def _results(sessions: Part, revision: int, state: str) -> Part:
    """Sessions, each a piece, as closed windows."""
    places = sessions.rows.select(
        PIECE,
        pl.col(DUE.name).alias("time_ns"),
        pl.col(FIRST.name).alias("start_ns"),
        pl.lit(revision, pl.Int64).alias("revision"),
    )
    tables = {
        name: table.join(places, on=PIECE, how="left").drop(PIECE)
        for name, table in sessions.tables.items()
    }
    rows = sessions.rows.with_columns(places.drop(PIECE)).drop(PIECE, DUE.name)
    rows = rows.with_columns(pl.lit(state).alias(STATE)).sort("time_ns", maintain_order=True)
    return Part(rows, tables)

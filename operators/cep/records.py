"""Records of matches: identity, point time, measures."""

from collections.abc import Iterable, Sequence
from typing import Any

import polars as pl
import xxhash

from operators.cep.measures import Measures
from operators.cep.plan import PatternPlan
from operators.cep.points import Points
from operators.cep.results import Kind, Result
from operators.keygroups.keys import key_bytes
from tidegauge.records import TIME_NS, RecordBatch
from tidegauge.signals import Signal


def match_id(pipeline: str, result: Result, known: dict[int, bytes] | None = None) -> str:
    """Identity of a match or timeout: the same events for the same steps are the same.

    Args:
        pipeline: name of the pipeline.
        result: rows of its path begin with partition and offset.
        known: the part of each node, for results that share some and are told together.
    """
    known = {} if known is None else known
    about: tuple[Any, ...] = (pipeline, result.pattern, str(result.kind), *result.key)
    hashed = xxhash.xxh3_128(key_bytes(about))
    parts = []
    for node in result.path:
        part = known.get(id(node))
        if part is None:
            where = node.row[:2] if node.row is not None else ()
            part = known[id(node)] = key_bytes((node.position.step, node.time_ns, *where))
        parts.append(part)
    hashed.update(b"".join(parts))
    return hashed.hexdigest()


class PatternRecords:
    """Makes records of the results of one pattern in one key group.

    Args:
        plan: the pattern.
        measures: its measures, bound to the matcher's layout.
        points: point times that are taken.
    """

    def __init__(self, plan: PatternPlan, measures: Measures, points: Points) -> None:
        self._plan = plan
        self._measures = measures
        self._points = points

    def of(self, results: Sequence[Result], now_ns: int) -> Iterable[RecordBatch]:
        """A batch of matches and one of timeouts, where there are any."""
        for kind, signal in ((Kind.MATCH, self._plan.signal), (Kind.TIMEOUT, self._plan.timeouts)):
            found = [result for result in results if result.kind is kind]
            if found and signal is not None:
                known: dict[int, bytes] = {}
                rows = [self._row(result, signal.name, now_ns, known) for result in found]
                yield RecordBatch(signal.name, _frame(rows, signal))

    def _row(
        self, result: Result, signal: str, now_ns: int, known: dict[int, bytes]
    ) -> dict[str, Any]:
        plan = self._plan
        first_ns, last_ns = result.path[0].time_ns, result.path[-1].time_ns
        timeout = result.kind is Kind.TIMEOUT
        at_ns = result.time_ns if timeout else plan.awaited_ns(result.path)
        shown = [node for node in result.path if node.position.shown]
        return {
            TIME_NS: self._points.take(signal, result.key, at_ns),
            **dict(zip(plan.by, result.key, strict=True)),
            **self._measures.of(result.path),
            "id": match_id(plan.pipeline, result, known),
            "kind": str(result.kind),
            "events": len(shown),
            "started_ns": first_ns,
            "ended_ns": last_ns,
            "processing_time_ns": now_ns,
        }


def _frame(rows: Sequence[dict[str, Any]], signal: Signal) -> pl.DataFrame:
    schema: dict[str, type[pl.DataType]] = {TIME_NS: pl.Int64}
    schema |= {one.name: one.type.dtype for one in signal.columns}
    columns = {
        name: pl.Series(name, [row[name] for row in rows], kind) for name, kind in schema.items()
    }
    return pl.DataFrame(columns)

"""Aggregate calls: what each keeps of a part of the events, and how its value is made of that."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import polars as pl

from operators.windows.accumulators import (
    HIGH,
    ROWS,
    Accumulator,
    Distance,
    Merge,
    count,
    deviation,
    extreme,
    halves,
    total,
)
from operators.windows.tables.edges import Edge, EdgeTime, EdgeValue
from operators.windows.tables.frequencies import Frequencies, TopCounted, TopList
from operators.windows.tables.histogram import Histogram, Percentile
from operators.windows.tables.registers import Distinct, Registers
from operators.windows.tables.table import TableValue
from tidegauge.expressions.compiled import AggregateCall, Scalar
from tidegauge.fieldtypes import FieldType

ENDS = "_ends_ns"
"""Column of a closed window: its end, which the time of its record may be moved on from."""


@dataclass(frozen=True)
class Finished:
    """An aggregate call: what it needs and how its value is computed.

    Attributes:
        value: over the columns of accumulators and table values, and those of a closed window.
        accumulators: numbers that are kept.
        distances: columns that these need.
        tables: values made of tables that are kept.
    """

    value: pl.Expr
    accumulators: tuple[Accumulator, ...] = ()
    distances: tuple[Distance, ...] = ()
    tables: tuple[TableValue, ...] = ()


def finished(call: AggregateCall) -> Finished:
    """What an aggregate call is made of; its value is null where SQL says null."""
    if call.function == "event_rate":
        return _event_rate(call.argument)
    if call.argument is None:
        return Finished(pl.col(ROWS.name), (ROWS,))
    if call.number is not None:
        return _NUMBERED[call.function](call.argument, call.number)
    return _FUNCTIONS[call.function](call.argument)


def _event_rate(argument: Scalar | None) -> Finished:
    events = count(argument) if argument else ROWS
    seconds = (pl.col(ENDS) - pl.col("start_ns")) / 1e9
    return Finished(pl.when(seconds > 0).then(pl.col(events.name) / seconds), (events,))


def _present(counted: Accumulator, value: pl.Expr, least: int = 1) -> pl.Expr:
    return pl.when(pl.col(counted.name) >= least).then(value)


def _count(argument: Scalar) -> Finished:
    counted = count(argument)
    return Finished(pl.col(counted.name), (counted,))


def _sum(argument: Scalar) -> Finished:
    counted = count(argument)
    if argument.type is FieldType.FLOAT:
        summed = total(argument)
        return Finished(_present(counted, pl.col(summed.name)), (counted, summed))
    low, high = halves(argument)
    exact = pl.col(high.name).cast(pl.Int128) * HIGH + pl.col(low.name)
    return Finished(_present(counted, _in_64_bits(exact)), (counted, low, high))


def _in_64_bits(number: pl.Expr) -> pl.Expr:
    """The number where it fits, else null: no value is better than a wrong one."""
    fits = number.is_between(pl.lit(-(2**63), pl.Int64), pl.lit(2**63 - 1, pl.Int64))
    return pl.when(fits).then(number.cast(pl.Int64, strict=False))


def _avg(argument: Scalar) -> Finished:
    counted, summed = count(argument), total(argument)
    mean = pl.col(summed.name) / pl.col(counted.name)
    return Finished(_present(counted, mean), (counted, summed))


def _extreme(merge: Merge) -> Callable[[Scalar], Finished]:
    def finish(argument: Scalar) -> Finished:
        counted, held = count(argument), extreme(argument, merge)
        return Finished(_present(counted, pl.col(held.name)), (counted, held))

    return finish


def _spread(*, less: int, root: bool) -> Callable[[Scalar], Finished]:
    """Variance or deviation; `less` is what the divisor is below the number of values."""

    def finish(argument: Scalar) -> Finished:
        kept, column = deviation(argument)
        variance = pl.col(kept[-1].name) / (pl.col(kept[0].name) - less)
        value = variance.sqrt() if root else variance
        return Finished(_present(kept[0], value, 1 + less), kept, (column,))

    return finish


def _edge(*, latest: bool) -> Callable[[Scalar], Finished]:
    def finish(argument: Scalar) -> Finished:
        value = EdgeValue(Edge(argument, latest=latest))
        return Finished(pl.col(value.id), tables=(value,))

    return finish


def _difference(argument: Scalar) -> tuple[pl.Expr, tuple[TableValue, ...]]:
    """Last minus first value; null where a whole one would not fit 64 bits."""
    values = [EdgeValue(Edge(argument, latest=latest)) for latest in (False, True)]
    whole = argument.type is not FieldType.FLOAT
    first, last = (pl.col(v.id).cast(pl.Int64 if whole else pl.Float64) for v in values)
    difference = last - first
    if whole:
        # What exceeds 64 bits has wrapped around to the other sign.
        difference = pl.when((last >= first) == (difference >= 0)).then(difference)
    return difference, tuple(values)


def _delta(argument: Scalar) -> Finished:
    difference, values = _difference(argument)
    return Finished(difference, tables=values)


def _rate(argument: Scalar) -> Finished:
    difference, values = _difference(argument)
    times = [EdgeTime(Edge(argument, latest=latest)) for latest in (False, True)]
    seconds = (pl.col(times[1].id) - pl.col(times[0].id)) / 1e9
    return Finished(pl.when(seconds > 0).then(difference / seconds), tables=(*values, *times))


def _percentile(argument: Scalar, share: float) -> Finished:
    if share in (0, 1):
        end = _extreme(Merge.HIGHER if share else Merge.LOWER)(argument)
        return replace(end, value=end.value.cast(pl.Float64))
    kept = (extreme(argument, Merge.LOWER), extreme(argument, Merge.HIGHER))
    value = Percentile(Histogram(argument), share)
    # None lies beyond the ends, which are known exactly.
    low, high = (pl.col(held.name).cast(pl.Float64) for held in kept)
    return Finished(pl.col(value.id).clip(low, high), kept, tables=(value,))


def _distinct(argument: Scalar) -> Finished:
    value = Distinct(Registers(argument))
    return Finished(pl.col(value.id).fill_null(0), tables=(value,))


def _top(argument: Scalar, length: float) -> Finished:
    table, events = Frequencies(argument), count(argument)
    listed, counted = TopList(table, int(length)), TopCounted(table)
    rest = pl.col(events.name) - pl.col(counted.id)
    text = pl.col(listed.id)
    disclosed = pl.format("{},[null,{}]]", text.str.head(-1), rest)
    value = pl.when(rest > 0).then(disclosed).otherwise(text)
    return Finished(value, (events,), tables=(listed, counted))


_FUNCTIONS: dict[str, Callable[[Scalar], Finished]] = {
    "count": _count,
    "sum": _sum,
    "avg": _avg,
    "min": _extreme(Merge.LOWER),
    "max": _extreme(Merge.HIGHER),
    "std_dev": _spread(less=1, root=True),
    "std_dev_pop": _spread(less=0, root=True),
    "variance": _spread(less=1, root=False),
    "var_pop": _spread(less=0, root=False),
    "first": _edge(latest=False),
    "last": _edge(latest=True),
    "delta": _delta,
    "rate": _rate,
    "distinct": _distinct,
}
_NUMBERED: dict[str, Callable[[Scalar, float], Finished]] = {
    "percentile": _percentile,
    "top": _top,
}

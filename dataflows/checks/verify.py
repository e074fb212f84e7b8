"""What is stored, held against what follows from the log: the same flow, run once more."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

from bytewax.errors import BytewaxRuntimeError
from bytewax.testing import run_main

from connectors.embedded.reader import open_store
from connectors.embedded.rows import EmbeddedRows
from connectors.embedded.sink import StoreSink
from connectors.influxdb.escapes import stored_tag
from connectors.influxdb.rows import InfluxRows
from connectors.kafka.replay import ReplaySource, Told
from dataflows.analytics import build
from dataflows.connections.servers import connect_replay
from dataflows.lifecycle.startup import error_of_ours
from dataflows.topology.outputs import Sinks
from operators.accuracy.comparison import Comparison, Key, Value
from operators.predictions.plan import plan_predictions
from tidegauge.batch import END_OF_TIME, NO_TIME
from tidegauge.catalogue import Catalogue, catalogue_of
from tidegauge.errors import UserMistake
from tidegauge.records import NO_KEY, TIME_NS
from tidegauge.settings import Settings
from tidegauge.signals import SignalKind
from tidegauge.spec.models import Pipeline, Window
from tidegauge.stored import Stored, StoredRow, StoredRows, stored_of

_MS = 1_000_000
_ROWS = 20_000
"""Recomputed rows that are compared at once."""
_WITH_HISTORY = (SignalKind.ANOMALY, SignalKind.ALERT, SignalKind.MATCH)


@dataclass(frozen=True)
class Span:
    """Point times that are compared; None for as far as there is something to compare.

    Attributes:
        from_ns: the first.
        to_ns: the one after the last.
    """

    from_ns: int | None = None
    to_ns: int | None = None


def recompute(
    pipeline: Pipeline, settings: Settings, folder: Path, into: Path, span: Span, told: Told
) -> None:
    """Run the flow of a pipeline over its topics once more, into a store of its own.

    With `span.from_ns` the topics are read from the first message on that can matter to a window
    that ends then; without it, or where a window's length follows from its events, from where the
    flow began.

    Args:
        pipeline: the pipeline.
        settings: where the servers are.
        folder: where the pipeline file is.
        into: SQLite file that takes the records.
        span: what will be compared.
        told: hears how far the reading is.

    Raises:
        UserMistake: it cannot be run.
    """
    bounded = settings.model_copy(update={"bounded": True})
    read = connect_replay(pipeline, bounded, folder)
    since_ms = _since_ms(pipeline, span.from_ns)
    replayed = {
        name: ReplaySource(
            source,
            pipeline.sources[name].kafka.topic,
            bounded,
            partial(read.begun, name),
            since_ms.get(name),
            told,
        )
        for name, source in read.sources.items()
    }
    sinks = Sinks(store=StoreSink(into, catalogue_of(pipeline)))
    predictions = plan_predictions(pipeline, folder)
    try:
        run_main(build(pipeline, replayed, sinks, journal=read.journal, predictions=predictions))  # type: ignore[no-untyped-call]  # it has no types
    except BytewaxRuntimeError as error:
        if ours := error_of_ours(error):
            raise UserMistake(str(ours)) from None
        raise


def stored_rows(pipeline: Pipeline, settings: Settings) -> StoredRows:
    """The store of a pipeline.

    Raises:
        UserMistake: it has none, or it is a file that cannot be read as a store.
    """
    if settings.store is not None:
        # Not after all messages were read.
        open_store(settings.store).close()
        return EmbeddedRows(settings.store)
    if pipeline.output.influxdb is None:
        raise UserMistake("there is nothing stored: no output.influxdb, and TIDEGAUGE_STORE is not")
    return InfluxRows(settings, pipeline.output.influxdb.bucket)


def compare(
    pipeline: Pipeline, recomputed: Path, store: StoredRows, span: Span, *, everything: bool
) -> dict[str, Comparison]:
    """Hold stored records against recomputed ones; by measurement.

    Without `span.to_ns` windows are compared up to where the store is settled: its newest result
    less the allowed lateness, within which a result can still be corrected.

    Args:
        pipeline: the pipeline.
        recomputed: store of `recompute`.
        store: store of the pipeline.
        span: what to compare.
        everything: also anomalies, matches and alerts, which rest on the whole history.

    Raises:
        UserMistake: a store cannot be read.
    """
    catalogue = catalogue_of(pipeline)
    kinds = {SignalKind.WINDOW, *(_WITH_HISTORY if everything else ())}
    names = dict.fromkeys(one.measurement for one in catalogue if one.kind in kinds)
    mine = EmbeddedRows(recomputed)
    settled = {name: _settled(name, pipeline, catalogue, store, span) for name in names}
    windows = [settled[name] for name in names if name in pipeline.windows]
    known = [at for at in windows if at is not None]
    found = {}
    for name in names:
        found[name] = comparison = Comparison()
        until = settled[name] if name in pipeline.windows else min(known, default=None)
        if until is None:
            until = END_OF_TIME
        about = stored_of(catalogue, name)
        for begin, end in _slices(mine.times(about, _ROWS), span.from_ns, until):
            expected, stored = (_keyed(one.rows(about, begin, end), about) for one in (mine, store))
            comparison.add(name, expected, stored)
    return found


def _settled(
    name: str, pipeline: Pipeline, catalogue: Catalogue, store: StoredRows, span: Span
) -> int | None:
    """Where the comparison of a measurement ends; None where nothing says so."""
    window = pipeline.windows.get(name)
    if span.to_ns is not None or window is None:
        return span.to_ns
    newest = store.newest_ns(stored_of(catalogue, name))
    return None if newest is None else newest - _lateness(pipeline, window)


def _since_ms(pipeline: Pipeline, from_ns: int | None) -> Mapping[str, int]:
    """Kafka timestamp from which each source is read; none for from its start."""
    lengths = [window.size_ns for window in pipeline.windows.values()]
    if from_ns is None or None in lengths:
        return {}
    longest = max((length for length in lengths if length is not None), default=0)
    since = {}
    for name, source in pipeline.sources.items():
        time = source.event_time
        # An event lies at most `max_future` ahead of its message. What came before these messages
        # is too old to be in a window, and to make an event of one late.
        behind = time.out_of_orderness + 2 * time.lateness + time.max_future
        since[name] = max(from_ns - longest - 2 * behind, 0) // _MS
    return since


def _lateness(pipeline: Pipeline, window: Window) -> int:
    return max(pipeline.sources[name].event_time.lateness for name in window.from_)


def _slices(times: list[int], from_ns: int | None, to_ns: int) -> Iterator[tuple[int, int]]:
    """Spans with so few rows that they can be held at once."""
    begin = NO_TIME if from_ns is None else from_ns
    inner = [time for time in times if begin < time < to_ns]
    if begin < to_ns:
        yield from pairwise([begin, *inner, to_ns])


def _keyed(rows: list[StoredRow], about: Stored) -> dict[Key, dict[str, Value]]:
    """Fields by identity, tags as every store gives them back.

    Null keys count as absent: older versions wrote no tag for them.
    """
    found = {}
    for row in rows:
        tags = tuple(
            (name, stored_tag(str(row[name])))
            for name in sorted(about.tags)
            if row.get(name) not in (None, "", NO_KEY)
        )
        fields = {name: row[name] for name in about.fields if row.get(name) is not None}
        found[int(row[TIME_NS] or 0), tags] = fields
    return found

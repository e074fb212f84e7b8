"""What a feed knows: the newest of everything, bounded, and by which change it came."""

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from connectors.live.alertboard import AlertBoard
from connectors.live.anomalylog import AnomalyLog
from connectors.live.described import described, plotted_fields, window_signals
from connectors.live.pulse import Pulse
from connectors.live.series import Series
from connectors.live.source import Poll
from tidegauge.catalogue import FINAL, SESSION_METADATA, STATE, Catalogue
from tidegauge.moments import moments_of
from tidegauge.records import NO_KEY, TIME_NS, RecordBatch
from tidegauge.signals import Signal, SignalKind
from tidegauge.spec.models import Pipeline

MOST_SERIES = 50_000
LONGEST_KEYS = 4_096
"""Characters of the keys of a record; one with longer ones is not shown."""
MOST_KEY_CHARACTERS = 2**26
"""Characters of the keys of all series together."""
MOST_POINTS = 300_000
"""Points of all series together: with many series, fewer of each are kept."""
LEAST_POINTS = 16

Keys = tuple[str, ...]


class Hub:
    """The newest records of a pipeline.

    Args:
        pipeline: the pipeline.
        catalogue: its signals.
        points: points kept of each series.

    Attributes:
        change: number of the change that is going on, or was last.
        created: the change that brought the newest series, or took some away.
        series: all series by their number.
        points: points kept of each series.
        counts: number of series of each signal.
        trouble: why there are no records, for a person; empty when all is well.
        about: what the pipeline and its signals are.
    """

    def __init__(self, pipeline: Pipeline, catalogue: Catalogue, points: int) -> None:
        self.change = 0
        self.about = described(pipeline, catalogue)
        self.points = points
        self._catalogue = catalogue
        self._moments = moments_of(pipeline)
        self._now_ns = 0
        self._fields = {
            signal.name: [field.name for field in plotted_fields(signal)]
            for signal in window_signals(catalogue)
        }
        self._forget()

    def _forget(self) -> None:
        self.series: dict[int, Series] = {}
        self.alerts = AlertBoard(self._moments)
        self.anomalies = AnomalyLog()
        self.pulse = Pulse()
        self.dead_letters: Mapping[str, int] = {}
        self.trouble = ""
        self.created = self.change
        self.counts = dict.fromkeys(self._fields, 0)
        self._by_keys: dict[tuple[str, Keys], Series] = {}
        self._last_number = 0
        self._key_characters = 0

    def is_due(self, now_ns: int) -> bool:
        """Whether something has changed because time has passed."""
        return self.alerts.is_due(now_ns)

    def begin(self, now_ns: int) -> int:
        """Begin a change at a time of the wall clock; its number."""
        self.change += 1
        self._now_ns = now_ns
        self.alerts.settle(now_ns, self.change)
        return self.change

    def take(self, poll: Poll) -> None:
        """Take in what a source gave, as part of the change that was begun last."""
        if poll.reset:
            self._forget()
        if poll.dead_letters is not None:
            self.dead_letters = dict(poll.dead_letters)
        self.trouble = poll.trouble
        for batch in poll.records:
            self._take_batch(batch, self._catalogue[batch.signal])
        self.alerts.settle(self._now_ns, self.change)
        if len(self.series) > MOST_SERIES or self._key_characters > MOST_KEY_CHARACTERS:
            self._drop_series()

    def _take_batch(self, batch: RecordBatch, signal: Signal) -> None:
        match signal.kind:
            case SignalKind.WINDOW:
                self._take_window(batch, signal)
            case SignalKind.ANOMALY:
                for row, keys in _rows(batch, signal):
                    self.anomalies.put(signal.name, row, keys, self.change)
            case SignalKind.ALERT:
                for row, keys in _rows(batch, signal):
                    self.alerts.put(row, keys, self.change)
            case SignalKind.FLOW:
                for row in batch.frame.sort(TIME_NS).iter_rows(named=True):
                    self.pulse.count(row, self.change)

    def _take_window(self, batch: RecordBatch, signal: Signal) -> None:
        fields = self._fields[signal.name]
        tags = [tag.name for tag in signal.tags]
        # Older versions wrote no text for a null key.
        texts = pl.col(tags).cast(pl.String).fill_null(NO_KEY).replace("", NO_KEY)
        frame = batch.frame.with_columns(texts) if tags else batch.frame
        if tags:
            length = pl.sum_horizontal(pl.col(tag).str.len_chars() for tag in tags)
            frame = frame.filter(length <= LONGEST_KEYS)
        frame = frame.with_columns(pl.col(fields).cast(pl.Float64))
        if all(column in signal.fields for column in SESSION_METADATA):
            # A gap takes the place of what is no session any more.
            there = pl.when(pl.col(STATE) == FINAL)
            frame = frame.with_columns(there.then(pl.col(field)).alias(field) for field in fields)
        for row in frame.select(TIME_NS, *tags, *fields).iter_rows():
            keys, values = row[1 : 1 + len(tags)], row[1 + len(tags) :]
            series = self._by_keys.get((signal.name, keys))
            if series is None:
                series = self._create(signal.name, keys, tags)
            series.put(row[0], values, self.change, self._depth())
        first = batch.frame.filter(pl.col("revision") == 0)
        for latency_ms in first["latency_ms"].drop_nulls():
            self.pulse.time(latency_ms, self.change)

    def _create(self, signal: str, keys: Keys, tags: list[str]) -> Series:
        self._last_number += 1
        named = dict(zip(tags, keys, strict=True))
        series = Series(self._last_number, signal, named, self._fields[signal])
        self._by_keys[signal, keys] = self.series[series.number] = series
        self._key_characters += sum(map(len, keys))
        self.counts[signal] += 1
        self.created = self.change
        return series

    def _depth(self) -> int:
        return max(LEAST_POINTS, min(self.points, MOST_POINTS // max(1, len(self.series))))

    def _drop_series(self) -> None:
        oldest_first = sorted(self.series.values(), key=lambda series: series.newest_ns)
        for series in oldest_first:
            if len(self.series) <= MOST_SERIES and self._key_characters <= MOST_KEY_CHARACTERS:
                break
            keys = tuple(series.keys.values())
            self._key_characters -= sum(map(len, keys))
            self.counts[series.signal] -= 1
            del self.series[series.number]
            del self._by_keys[series.signal, keys]
        self.created = self.change


def _rows(
    batch: RecordBatch, signal: Signal
) -> Iterable[tuple[Mapping[str, Any], Mapping[str, str]]]:
    """Rows with the key columns that they have, but those with very long ones."""
    own = {"alert", "level", "anomaly"}
    names = [tag.name for tag in signal.tags if tag.name not in own]
    for row in batch.frame.iter_rows(named=True):
        keys = {name: str(row[name]) for name in names if row[name] not in {None, ""}}
        if sum(map(len, keys.values())) <= LONGEST_KEYS:
            yield row, keys

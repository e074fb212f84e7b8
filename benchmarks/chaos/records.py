"""All records that a flow left in InfluxDB and in its topics, and how two such sets compare."""

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from benchmarks.private_copy import PrivateCopy
from tidegauge.catalogue import Catalogue, catalogue_of
from tidegauge.records import TIME_NS
from tidegauge.signals import Signal, SignalKind

TOLERANCE = 1e-9
EXAMPLES = 3
OF_THE_RUN = frozenset(
    {SignalKind.FLOW, SignalKind.WINDOW_STATE, SignalKind.PATTERN_STATE, SignalKind.EVENT}
)
"""Kinds whose points have the time of the wall clock, and events, which InfluxDB does not get."""
TIMED = frozenset(
    {
        SignalKind.WINDOW,
        SignalKind.ANOMALY,
        SignalKind.ALERT,
        SignalKind.MATCH,
        SignalKind.FORECAST,
    }
)
"""Kinds whose records have an event time: of a match, of a forecast, or the end of a window."""

Identity = tuple[object, ...]
Row = dict[str, Any]
Records = dict[str, list[tuple[Identity, Row]]]
"""Of each signal in each place: identity and fields."""


@dataclass
class Difference:
    """How one signal in one place compares.

    Attributes:
        records: how many there should be.
        lost: records that are not there.
        doubled: identities that are there more than once, counted once for each time too many.
        different: records with another field.
        extra: identities that should not be there.
        examples: a few of each, told.
    """

    records: int = 0
    lost: int = 0
    doubled: int = 0
    different: int = 0
    extra: int = 0
    examples: list[str] = field(default_factory=list)

    def wrong(self, *, doubled_allowed: bool) -> bool:
        """Whether anything is not as it should be."""
        unwanted = 0 if doubled_allowed else self.doubled
        return bool(self.lost or unwanted or self.different or self.extra)


def read_records(copy: PrivateCopy, until_ns: int) -> Records:
    """What is in the bucket and, committed, in all output topics, without fields of the run.

    Args:
        copy: the pipeline.
        until_ns: the last event time of records that are looked at. What is later is of windows
            that are open when the flow ends, unless it is silent for long enough before.
    """
    catalogue = catalogue_of(copy.pipeline)
    found: Records = {}
    for signal in catalogue:
        if signal.kind not in OF_THE_RUN:
            found[f"influxdb/{signal.name}"] = [
                (identity, row)
                for identity, row in _points(copy, catalogue, signal)
                if signal.kind not in TIMED or row[TIME_NS] <= until_ns
            ]
    for topic in (copy.output.topic, copy.output.critical_topic):
        for record in _messages(copy, topic):
            if record[TIME_NS] > until_ns:
                continue
            name = str(record["signal"])
            row = _without_run_fields(record["fields"], catalogue[name])
            # The same time is forecast again and again; the store keeps the newest.
            identity = topic, record["id"], row.get("revision"), row.get("made_at_ns")
            about = {"time_ns": record["time_ns"], "tags": record.get("tags")}
            found.setdefault(f"kafka/{name}", []).append((identity, {**row, **about}))
    letters: list[tuple[Identity, Row]] = [
        ((one["kind"], one["topic"], one["partition"], one["offset"]), one)
        for one in _messages(copy, copy.dead_letter_topic)
    ]
    return {**found, "kafka/dead_letters": letters}


def compare_records(expected: Records, found: Records) -> dict[str, Difference]:
    """Signal by signal; numbers are equal within `TOLERANCE`, all else exactly."""
    names = sorted(expected.keys() | found.keys())
    return {name: _compare(expected.get(name, []), found.get(name, [])) for name in names}


def _compare(
    expected: Iterable[tuple[Identity, Row]], found: Iterable[tuple[Identity, Row]]
) -> Difference:
    rows, found = dict(expected), list(found)
    times = Counter(identity for identity, _ in found)
    lost, extra = rows.keys() - times.keys(), times.keys() - rows.keys()
    unequal = [
        (identity, told)
        for identity, row in found
        if identity in rows and (told := _told(rows[identity], row))
    ]
    doubled = [identity for identity, count in times.items() if count > 1]
    examples = [f"lost {one}: {rows[one]}" for one in sorted(lost, key=str)[:EXAMPLES]]
    examples += [f"extra {one}" for one in sorted(extra, key=str)[:EXAMPLES]]
    examples += [f"doubled {one}" for one in doubled[:EXAMPLES]]
    examples += [f"different {one}: {told}" for one, told in unequal[:EXAMPLES]]
    too_many = sum(times[one] - 1 for one in doubled)
    return Difference(len(rows), len(lost), too_many, len(unequal), len(extra), examples)


def _points(
    copy: PrivateCopy, catalogue: Catalogue, signal: Signal
) -> Iterable[tuple[Identity, Row]]:
    tags = [*catalogue.constant_tags, *(column.name for column in signal.tags)]
    for record in copy.records(signal.measurement):
        if signal.kind is SignalKind.ANOMALY and record["anomaly"] != signal.name:
            continue
        row = _without_run_fields(record, signal)
        yield (record[TIME_NS], *(record.get(tag) for tag in tags)), row


def _messages(copy: PrivateCopy, topic: str) -> list[Row]:
    return [json.loads(message.value() or b"") for message in copy.kafka.read(topic)]


def _without_run_fields(row: Mapping[str, Any], signal: Signal) -> Row:
    return {name: value for name, value in row.items() if name not in signal.run_fields}


def _told(expected: Row, found: Row) -> str:
    return "; ".join(
        f"{name}: {found.get(name)!r} instead of {expected.get(name)!r}"
        for name in sorted(expected.keys() | found.keys())
        if not _equal(expected.get(name), found.get(name))
    )


def _equal(one: object, other: object) -> bool:
    # InfluxDB writes a float that is whole like an integer.
    if isinstance(one, int | float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return one == other

"""How late an alert could be read first: what waited to be written says so."""

import polars as pl
import pytest

from connectors.influxdb.delay import ALLOWED_NS
from connectors.influxdb.lines import encode_lines
from connectors.influxdb.sink import InfluxSink
from operators.alerts.event_level import event_level_records
from tests.connectors.influxdb.servers import settings_of
from tests.operators.alerts.test_event_level import SIGNAL, batch_of
from tests.operators.alerts.timelines import pipeline
from tests.services.influxdb import InfluxDB
from tidegauge.catalogue import ALERTS, catalogue_of
from tidegauge.records import TIME_NS, RecordBatch

S = 1_000_000_000
CATALOGUE = catalogue_of(pipeline({}))


def alert(time_ns: int, made_ns: int) -> RecordBatch:
    """An alert of an event, made at a time."""
    frame = event_level_records(batch_of([9]), "test", SIGNAL, made_ns)
    assert frame is not None
    return RecordBatch(ALERTS, frame.with_columns(pl.lit(time_ns).alias(TIME_NS)))


def test_an_alert_says_how_late_it_was_made() -> None:
    line = encode_lines(alert(100 * S, 103 * S), SIGNAL, {}).decode()
    assert ",delay_ms=3000.0 " in line


@pytest.mark.parametrize(
    ("begun_ns", "stored_ns", "late_ms"),
    [
        (103 * S + ALLOWED_NS, 103 * S + ALLOWED_NS, 3_000),
        # In a queue before the sink.
        (290 * S, 291 * S, 190_000),
        # In the sink: the write was tried again for minutes.
        (104 * S, 390 * S, 290_000),
        # In both.
        (290 * S, 390 * S, 290_000),
    ],
)
def test_an_alert_is_stored_once_and_with_the_time_until_it_could_be_read(
    begun_ns: int, stored_ns: int, late_ms: int, influxdb: InfluxDB
) -> None:
    clock = iter([begun_ns, stored_ns])
    bucket = influxdb.bucket()
    sink = InfluxSink(
        settings_of(influxdb), bucket, CATALOGUE, lambda _: None, clock_ns=lambda: next(clock)
    )
    part = sink.build_part("out", "0", None)
    part.write_batch([alert(100 * S, 103 * S)])
    part.close()
    rows = influxdb.influxql(bucket, "SELECT delay_ms, state FROM alerts")
    assert [(row["delay_ms"], row["state"]) for row in rows] == [(late_ms, "firing")]

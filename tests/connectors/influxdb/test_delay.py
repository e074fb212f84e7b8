"""How late an alert could be read first: what waited to be written says so."""

import polars as pl
import pytest

from connectors.influxdb.delay import ALLOWED_NS, retold
from connectors.influxdb.sink import InfluxSink
from operators.alerts.event_level import event_level_records
from tests.connectors.influxdb.servers import settings_of
from tests.operators.alerts.test_event_level import SIGNAL, batch_of
from tests.operators.alerts.timelines import pipeline
from tests.services.influxdb import InfluxDB
from tidegauge.catalogue import ALERTS, DELAY, catalogue_of
from tidegauge.records import TIME_NS, RecordBatch

S = 1_000_000_000
CATALOGUE = catalogue_of(pipeline({}))


def alert(time_ns: int, made_ns: int) -> RecordBatch:
    """An alert of an event, made at a time."""
    frame = event_level_records(batch_of([9]), "test", SIGNAL, made_ns)
    assert frame is not None
    delay = pl.lit((made_ns - time_ns) / 1e6).alias(DELAY)
    return RecordBatch(ALERTS, frame.with_columns(pl.lit(time_ns).alias(TIME_NS), delay))


def test_what_is_written_as_it_is_made_stays_as_it_is() -> None:
    made = alert(100 * S, 103 * S)
    assert retold(made, 103 * S + ALLOWED_NS) is made


def test_what_waited_says_how_late_it_is_in_all() -> None:
    late = retold(alert(100 * S, 103 * S), 400 * S)
    assert late.frame[DELAY].to_list() == [300_000.0]
    assert retold(late, 401 * S) is late


def test_of_records_of_other_kinds_nothing_is_said() -> None:
    window = RecordBatch("spend", pl.DataFrame({TIME_NS: [1]}))
    assert retold(window, 400 * S) is window


@pytest.mark.parametrize(
    ("begun_s", "stored_s", "late_s"),
    [
        (104, 105, 3),
        # In a queue before the sink.
        (290, 291, 190),
        # In the sink: the write was tried again for minutes.
        (104, 390, 290),
    ],
)
def test_an_alert_is_stored_once_and_with_the_time_until_it_could_be_read(
    begun_s: int, stored_s: int, late_s: int, influxdb: InfluxDB
) -> None:
    clock = iter([begun_s * S, stored_s * S])
    bucket = influxdb.bucket()
    sink = InfluxSink(
        settings_of(influxdb), bucket, CATALOGUE, lambda _: None, clock_ns=lambda: next(clock)
    )
    part = sink.build_part("out", "0", None)
    part.write_batch([alert(100 * S, 103 * S)])
    part.close()
    rows = influxdb.influxql(bucket, "SELECT delay_ms, state FROM alerts")
    assert [(row["delay_ms"], row["state"]) for row in rows] == [(late_s * 1_000, "firing")]

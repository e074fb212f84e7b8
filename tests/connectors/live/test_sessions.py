"""Session windows in the live feed: what is withdrawn leaves a gap."""

import numpy as np
import polars as pl

from connectors.live.hub import Hub
from tests.connectors.live.records import PIPELINE, take
from tidegauge.catalogue import FINAL, SUPERSEDED, catalogue_of
from tidegauge.records import RecordBatch
from tidegauge.spec.models import Window

VISITS = Window.model_validate(
    {"from": next(iter(PIPELINE.sources)), "session": {"gap": "30m"}, "select": {"n": "count(*)"}}
)
SESSIONS = PIPELINE.model_copy(
    update={"windows": {"visits": VISITS}, "anomalies": {}, "alerts": {}, "tests": []}
)
CATALOGUE = catalogue_of(SESSIONS)


def session(end_s: int, count: int, state: str) -> RecordBatch:
    """A record of a session."""
    declared = CATALOGUE["visits"].columns
    schema = {"time_ns": pl.Int64} | {column.name: column.type.dtype for column in declared}
    row = {"time_ns": end_s * 10**9, "n": count, "revision": 0, "state": state}
    return RecordBatch("visits", pl.DataFrame([row], schema=schema))


def test_a_superseded_session_is_a_gap() -> None:
    hub = Hub(SESSIONS, CATALOGUE, 1_000)
    take(hub, session(60, 3, FINAL), session(60, 3, SUPERSEDED), session(90, 5, FINAL))
    (series,) = hub.series.values()
    times, values = series.since(0)
    assert times.tolist() == [60 * 10**9, 90 * 10**9]
    np.testing.assert_array_equal(values, [[np.nan, 5.0]])


def test_the_feed_says_what_windows_without_a_length_are() -> None:
    (about,) = Hub(SESSIONS, CATALOGUE, 1_000).about["signals"]
    assert about["kind"] == "sessions with a gap of 30m"
    assert about["size_ms"] is None
    assert about["every_ms"] is None
    assert [field["name"] for field in about["fields"]] == ["n"]

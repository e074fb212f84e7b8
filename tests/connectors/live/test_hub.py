"""What a feed knows of alerts, anomalies and the flow."""

import polars as pl
import pytest

from connectors.live import alertboard, anomalylog, hub
from connectors.live.hub import Hub
from connectors.live.source import Poll
from grafana.queries.alerts import MOMENT
from grafana.subject import subject_of
from tests.connectors.live.records import (
    ROOT,
    START_NS,
    alert,
    anomaly,
    at,
    counts,
    hub_with,
    take,
    window,
)
from tidegauge.catalogue import catalogue_of
from tidegauge.durations import parse_duration_ns
from tidegauge.moments import HOLD_NS, moments_of
from tidegauge.records import RecordBatch
from tidegauge.spec.loader import load_pipeline


def test_series_are_by_key_and_know_their_newest_value() -> None:
    known = hub_with(window("a", 1, 50.0), window("b", 1, 60.0), window("a", 2, 51.0))
    newest = {series.keys["machine"]: series.newest[0] for series in known.series.values()}
    assert (newest, known.counts) == ({"a": 51.0, "b": 60.0}, {"machines": 2})


def test_an_alert_is_its_newest_record() -> None:
    known = hub_with(alert("hot", "a", 3, "firing"), alert("hot", "a", 2, "pending"))
    assert [each.record["state"] for each in known.alerts.active()] == ["firing"]
    take(known, alert("hot", "a", 4, "resolved"))
    assert (list(known.alerts.active()), len(known.alerts.since(0))) == ([], 1)


def test_firing_alerts_are_counted_by_gravity() -> None:
    known = hub_with(
        alert("x", "a", 1, "firing", 8),
        alert("y", "a", 1, "firing", 7),
        alert("z", "a", 1, "firing", 4),
        alert("z", "b", 1, "pending", 9),
    )
    assert known.alerts.counts() == {"critical": 1, "warning": 1, "information": 1, "pending": 1}


def test_what_matters_most_comes_first() -> None:
    known = hub_with(
        alert("old", "a", 9, "resolved", 10),
        alert("mild", "a", 1, "firing", 3),
        alert("grave", "a", 1, "firing", 9),
    )
    assert [each.record["alert"] for each in known.alerts.since(0)] == ["grave", "mild", "old"]


def test_of_alerts_that_ended_only_the_newest_are_remembered() -> None:
    many = 5 * alertboard.MOST_ENDED
    ended = [alert("hot", f"m{step}", step, "resolved") for step in range(many)]
    known = hub_with(alert("hot", "x", 0, "firing"), *ended)
    assert len(known.alerts.since(0)) <= 2 * alertboard.MOST_ENDED
    assert [each.keys for each in known.alerts.active()] == [{"machine": "x"}]


def test_anomalies_are_bounded_and_known_by_name_key_and_time() -> None:
    known = hub_with(*(anomaly("a", step) for step in range(anomalylog.MOST + 5)))
    times = [found.record["time_ms"] for found in known.anomalies.since(0)]
    assert (len(times), min(times)) == (anomalylog.MOST, at(5) / 1e6)
    change = take(known, anomaly("a", 9, value=95.0))
    assert [each.record["value"] for each in known.anomalies.since(change - 1)] == [95.0]


def test_an_anomaly_that_says_the_same_again_is_no_news() -> None:
    known = hub_with(anomaly("a", 1))
    change = take(known, anomaly("a", 1))
    assert known.anomalies.since(change - 1) == []


def test_the_rate_is_over_all_partitions() -> None:
    known = hub_with(
        *(counts(part, second, 100 * second) for second in range(9) for part in (0, 1))
    )
    now = known.pulse.now()
    assert (now["events"], now["partitions"], now["errors"]) == (1_600, 2, 2)
    assert now["events_per_second"] == pytest.approx(200, rel=0.2)


def test_a_flow_that_counts_anew_has_no_negative_rate() -> None:
    known = hub_with(counts(0, 1, 500), counts(0, 2, 3))
    assert known.pulse.now()["events_per_second"] == 0.0


def test_latency_is_that_of_first_results() -> None:
    known = hub_with(
        window("a", 1, 50.0, latency_ms=10.0), window("a", 1, 50.0, latency_ms=99.0, revision=1)
    )
    assert known.pulse.now()["latency"] == {"p50_ms": 10.0, "p99_ms": 10.0, "results": 1}


def test_a_reset_forgets_all() -> None:
    known = hub_with(window("a", 1, 50.0), alert("x", "a", 1, "firing"), counts(0, 1, 5))
    known.begin(START_NS)
    known.take(Poll([window("b", 1, 50.0)], reset=True))
    assert [series.keys for series in known.series.values()] == [{"machine": "b"}]
    assert (list(known.alerts.active()), known.pulse.now()["events"]) == ([], 0)


def test_with_many_series_fewer_points_of_each_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "MOST_POINTS", 400)
    known = hub_with(*(window(f"m{each}", 0, 1.0) for each in range(20)))
    take(known, *(window("m1", step, 1.0) for step in range(100)))
    assert max(len(series) for series in known.series.values()) == 20


def test_series_that_were_silent_longest_are_dropped_when_there_are_too_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hub, "MOST_SERIES", 2)
    known = hub_with(window("a", 1, 1.0), window("b", 3, 1.0), window("c", 2, 1.0))
    assert {series.keys["machine"] for series in known.series.values()} == {"b", "c"}
    assert known.counts == {"machines": 2}


MOMENTS = load_pipeline(ROOT / "pipelines" / "payments.yaml")
CARDS = catalogue_of(MOMENTS)
MINUTE_NS = 60 * 10**9


def payments(*batches: RecordBatch, now_ns: int) -> Hub:
    """What is known of the payments, whose alerts are on matches, events, anomalies and windows."""
    known = Hub(MOMENTS, CARDS, 1_000)
    take(known, *batches, now_ns=now_ns)
    return known


def told(name: str, card: str, at_ns: int, told_ns: int | None = None) -> RecordBatch:
    """The record of an alert, told when it happened or later."""
    declared = CARDS["alerts"]
    schema = {"time_ns": pl.Int64} | {each.name: each.type.dtype for each in declared.columns}
    row = {"time_ns": at_ns, "alert": name, "level": 9, "card": card, "id": card}
    row |= {"state": "firing", "active": 1, "since_ns": at_ns}
    row |= {"processing_time_ns": at_ns if told_ns is None else told_ns}
    return RecordBatch("alerts", pl.DataFrame([row], schema=schema))


def states(known: Hub) -> dict[str, str]:
    return {each.keys["card"]: each.record["state"] for each in known.alerts.since(0)}


@pytest.mark.parametrize("name", ["card_tested", "event_level"])
def test_a_moment_is_active_for_five_minutes_and_then_history(name: str) -> None:
    known = payments(told(name, "a", START_NS), now_ns=START_NS)
    assert known.alerts.counts()["critical"] == 1
    assert not known.is_due(START_NS + 5 * MINUTE_NS - 1)
    assert known.is_due(START_NS + 5 * MINUTE_NS)
    change = known.begin(START_NS + 5 * MINUTE_NS)
    assert known.alerts.counts()["critical"] == 0
    (ended,) = known.alerts.since(change - 1)
    assert (ended.record["state"], ended.record["time_ms"]) == ("ended", START_NS / 1e6)
    assert not known.is_due(START_NS + 60 * MINUTE_NS)


def test_moments_that_were_over_before_are_not_counted_at_the_start() -> None:
    old = [told("card_tested", f"c{each}", START_NS + each) for each in range(476)]
    new = told("card_tested", "new", START_NS + 6 * MINUTE_NS)
    known = payments(*old, new, now_ns=START_NS + 7 * MINUTE_NS)
    assert known.alerts.counts()["critical"] == 1
    assert [each.keys["card"] for each in known.alerts.active()] == ["new"]


def test_a_moment_that_is_told_late_is_active_from_then_on() -> None:
    late = told("card_tested", "a", START_NS, START_NS + 60 * MINUTE_NS)
    known = payments(late, now_ns=START_NS + 61 * MINUTE_NS)
    assert states(known) == {"a": "firing"}


def test_a_moment_of_a_key_that_comes_again_is_active_again() -> None:
    known = payments(told("card_tested", "a", START_NS), now_ns=START_NS + 9 * MINUTE_NS)
    assert states(known) == {"a": "ended"}
    take(known, told("card_tested", "a", START_NS), now_ns=START_NS + 10 * MINUTE_NS)
    assert states(known) == {"a": "ended"}
    again = START_NS + 11 * MINUTE_NS
    take(known, told("card_tested", "a", again), now_ns=again)
    assert states(known) == {"a": "firing"}


def test_an_alert_that_something_ends_is_active_until_then() -> None:
    known = payments(told("failures", "", START_NS), now_ns=START_NS + 60 * MINUTE_NS)
    assert known.alerts.counts()["critical"] == 1


def test_moments_are_held_as_long_as_in_grafana() -> None:
    assert parse_duration_ns(MOMENT) == HOLD_NS
    assert moments_of(MOMENTS) == {"event_level", *subject_of(MOMENTS).moments}


def test_active_alerts_are_bounded_and_the_gravest_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(alertboard, "MOST_ACTIVE", 500)
    many = [alert("mild", f"m{each}", each, "firing", 3) for each in range(600)]
    known = hub_with(alert("grave", "x", 0, "firing", 9), *many)
    active = list(known.alerts.active())
    assert len(active) == 500
    assert {each.record["alert"] for each in active} == {"grave", "mild"}


def test_long_texts_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "MOST_KEY_CHARACTERS", 1_000)
    known = hub_with(*(window(f"{step:0300}", step, 50.0) for step in range(10)))
    newest = {int(series.keys["machine"]) for series in known.series.values()}
    assert newest == {7, 8, 9}
    assert known.counts == {"machines": 3}


def test_records_with_very_long_keys_are_not_shown() -> None:
    longest, longer = "x" * hub.LONGEST_KEYS, "x" * (hub.LONGEST_KEYS + 1)
    known = hub_with(
        *(window(each, 1, 50.0) for each in (longest, longer)),
        *(alert("hot", each, 1, "firing") for each in (longest, longer)),
        *(anomaly(each, 1) for each in (longest, longer)),
    )
    assert [each.keys["machine"] for each in known.series.values()] == [longest]
    assert [each.keys["machine"] for each in known.alerts.active()] == [longest]
    assert [each.keys["machine"] for each in known.anomalies.since(0)] == [longest]

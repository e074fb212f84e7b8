"""What a feed knows of alerts, anomalies and the flow."""

import pytest

from connectors.live import alertboard, anomalylog, hub
from connectors.live.source import Poll
from tests.connectors.live.records import alert, anomaly, at, counts, hub_with, take, window


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
    known.begin()
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

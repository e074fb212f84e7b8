"""The timeline of alerts: what fires is seen, however short it is, and what is over ends."""

from collections.abc import Iterable
from itertools import groupby

import pytest

from tests.grafana.browser.display import Display, Shown
from tests.grafana.macros import Range, interval
from tests.grafana.rendering import panels
from tests.grafana.shop import SHOP
from tests.grafana.written import AT_MS, PATTERN, S_MS, Record, Written, written
from tests.services.influxdb import InfluxDB

SPAN_S = 900
STEP_S = 10
"""Distance of the timeline's steps in a quarter of an hour."""
ALERTS = {**SHOP["alerts"], "matched": {"when": "match(bought)", "level": 8}}
States = list[tuple[int, str]]
"""Second of each change in the span, and what is shown from there on."""


@pytest.fixture
def store(influxdb: InfluxDB) -> Written:
    """A pipeline with alerts of all kinds."""
    return written(influxdb, patterns=PATTERN, alerts=ALERTS)


def record(alert: str, second: float, state: str, key: str = "") -> Record:
    """A record of an alert at a second of the span."""
    fields = {"active": int(state == "firing"), "state": state, "value": 1.0, "summary": "x"}
    tags = {"alert": alert, "level": "8", **({"user id": key} if key else {})}
    return "alerts", fields, tags, AT_MS + int((second - SPAN_S) * S_MS)


def timeline(store: Written, shows: Display, records: Iterable[Record]) -> dict[str, States]:
    """What the timeline shows of records, by alert."""
    store.write_all(records)
    dashboard = store.asking()
    dashboard.span = f"{SPAN_S}s"
    panel = next(each for each in panels(dashboard.board) if each["title"] == "States")
    span = Range.before(AT_MS, dashboard.span)
    assert interval(span, panel["maxDataPoints"], panel["interval"]) == f"{STEP_S * S_MS}ms"
    picture = shows.show(panel, list(dashboard.answers(panel)), span)
    found = {}
    for frame in picture.frames:
        times, states = frame.values()
        found[states.name.split()[0]] = changes(times, states)
    return found


def changes(times: Shown, states: Shown) -> States:
    """Where a state begins and, as an empty text, where none is shown any more."""
    shown = zip(times.values, states.values, states.texts, strict=True)
    told = [
        ((ms - AT_MS) // S_MS + SPAN_S, text if value is not None else "")
        for ms, value, text in shown
    ]
    first = (next(group) for _, group in groupby(told, key=lambda each: each[1]))
    return [each for each in first if each[1] or each[0] > 0]


def test_an_alert_that_the_next_event_resolves_is_seen_and_over(
    store: Written, shows: Display
) -> None:
    found = timeline(
        store,
        shows,
        [
            record("unpaid", 100.2, "firing"),
            record("unpaid", 100.4, "resolved"),
            record("unpaid", 107, "resolved"),
        ],
    )
    assert found["unpaid"] == [(100, "firing"), (110, "not firing")]


def test_an_anomaly_of_events_is_seen_too_each_time(store: Written, shows: Display) -> None:
    times = (200, 203, 300)
    records = [
        record("odd_order", at + late, state)
        for at in times
        for late, state in ((0.1, "firing"), (0.2, "resolved"))
    ]
    found = timeline(store, shows, records)
    assert found["odd_order"] == [
        (200, "firing"), (210, "not firing"), (300, "firing"), (310, "not firing")
    ]  # fmt: skip


@pytest.mark.parametrize("alert", ["matched", "event_level"])
def test_what_nothing_resolves_is_shown_for_five_minutes_and_ends(
    alert: str, store: Written, shows: Display
) -> None:
    found = timeline(store, shows, [record(alert, 100, "firing"), record(alert, 250, "firing")])
    assert found[alert] == [(100, "firing"), (550, "")]


def test_what_nothing_resolves_is_still_shown_while_it_is_recent(
    store: Written, shows: Display
) -> None:
    found = timeline(store, shows, [record("matched", 700, "firing")])
    assert found["matched"] == [(700, "firing")]


def test_an_alert_on_windows_goes_on_until_it_changes(store: Written, shows: Display) -> None:
    found = timeline(
        store,
        shows,
        [
            record("high", 100, "pending"),
            record("high", 120, "firing"),
            # Written again at the end of an hour's window only.
            record("high", 600, "resolved"),
        ],
    )
    assert found["high"] == [(100, "pending"), (120, "firing"), (600, "not firing")]


def test_a_firing_alert_that_is_stale_and_a_pending_one_that_comes_to_nothing_end(
    store: Written, shows: Display
) -> None:
    records = [record("low", 50, "firing", "a"), record("low", 650, "stale", "a")]
    records += [record("high", 100, "pending"), record("high", 400, "inactive")]
    found = timeline(store, shows, records)
    assert found["low"] == [(50, "firing"), (650, "stale")]
    assert found["high"] == [(100, "pending"), (400, "not firing")]


def test_an_alert_that_still_fires_is_shown_to_the_end(store: Written, shows: Display) -> None:
    found = timeline(
        store, shows, [record("high", second, "firing") for second in range(30, 900, 10)]
    )
    assert found["high"] == [(30, "firing")]


def test_every_state_has_its_colour(store: Written, shows: Display) -> None:
    records = [
        record("high", 100, "pending"), record("high", 200, "firing"), record("high", 300, "stale"),
        record("high", 400, "resolved"),
    ]  # fmt: skip
    store.write_all(records)
    dashboard = store.asking()
    panel = next(each for each in panels(dashboard.board) if each["title"] == "States")
    (frame,) = shows.show(panel, list(dashboard.answers(panel))).frames
    _, states = frame.values()
    shown = dict(zip(states.texts, states.colors, strict=True))
    assert len({shown[state] for state in ("pending", "firing", "stale", "not firing")}) == 4


def test_the_state_of_a_key_that_is_gone_ends_and_a_short_gap_is_none(store: Written) -> None:
    hour_ms = 3_600_000
    paid = {"every_paid": True, "revenue": 5.0, "data_points": 1}
    times = {"a": (0, 1, 3), "b": (0, 1, 2, 3, 4, 5)}
    store.write_all(
        ("sales", paid, {"user id": key, "shop": "1"}, AT_MS - (6 - hour) * hour_ms)
        for key, hours in times.items()
        for hour in hours
    )
    dashboard = store.asking()
    dashboard.span = "7h"
    dashboard.choose({})
    panel = next(each for each in panels(dashboard.board) if each["title"] == "every_paid")
    ((_, found),) = dashboard.answers(panel)
    states = {series.tags["user id"]: series.column("every_paid") for series in found}
    assert states["a"][-7:] == [True, True, None, True, None, None, None]
    assert states["b"][-7:] == [True] * 6 + [None]
    (override,) = panel["fieldConfig"]["overrides"][-1:]
    assert override["properties"] == [{"id": "custom.spanNulls", "value": 3 * hour_ms}]

"""Whoever applies the news, as often or seldom as it can, knows what the feed knows."""

from collections.abc import Sequence
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.live.hub import Hub
from connectors.live.requests import Filter, Subscribe
from connectors.live.views import ALL, Selection, View
from tests.connectors.live.records import (
    CATALOGUE,
    PIPELINE,
    alert,
    anomaly,
    hub_with,
    take,
    window,
)
from tidegauge.records import RecordBatch

machines = st.sampled_from("abcdef")
steps = st.integers(0, 12)
record = st.one_of(
    st.builds(window, machines, steps, st.floats(40, 100)),
    st.builds(alert, st.just("hot"), machines, steps, st.sampled_from(["firing", "resolved"])),
    st.builds(anomaly, machines, steps),
)
changes = st.lists(st.lists(record, max_size=6), min_size=1, max_size=8)


class Client:
    """What a client keeps: series by number, alerts and anomalies by their identity."""

    def __init__(self) -> None:
        self.series: dict[int, dict[float, dict[str, float]]] = {}
        self.rest: dict[tuple[object, ...], dict[str, Any]] = {}

    def apply(self, news: dict[str, Any]) -> None:
        message = orjson.loads(orjson.dumps(news, option=orjson.OPT_SERIALIZE_NUMPY))
        for number in message.get("removed", []):
            self.series.pop(number, None)
        for told in message.get("series", []):
            if told.get("replace"):
                self.series[told["series"]] = {}
            names = told["fields"]
            rows = zip(told["time_ms"], *names.values(), strict=True)
            self.series[told["series"]] |= {
                time: dict(zip(names, row, strict=True)) for time, *row in rows
            }
        for each in message.get("alerts", []):
            self.rest[each["alert"], each["keys"]["machine"]] = each
        for each in message.get("anomalies", []):
            self.rest[each["anomaly"], each["keys"]["machine"], each["time_ms"]] = each


@given(changes, st.integers(1, 6), st.sets(st.integers(0, 8)), st.sampled_from(["", "a", "z"]))
def test_a_slow_client_ends_with_what_one_that_comes_last_is_told(
    changes: Sequence[Sequence[RecordBatch]], top: int, ready: set[int], search: str
) -> None:
    hub = Hub(PIPELINE, CATALOGUE, 1_000)
    view = View(hub, Selection(top=top, search=search))
    slow, position = Client(), ALL
    for number, batches in enumerate(changes):
        take(hub, *batches)
        view.choose(again=True)
        if number in ready or number == len(changes) - 1:
            slow.apply(view.news(position))
            position = hub.change
    last = Client()
    last.apply(view.news(ALL))
    assert (slow.series, slow.rest) == (last.series, last.rest)


def machines_of(view: View) -> set[str]:
    return {each["keys"]["machine"] for each in view.news(ALL).get("series", [])}


def test_the_series_that_matter_most_are_chosen() -> None:
    hub = hub_with(
        *(window(f"m{each}", 1, 50.0) for each in range(9)),
        window("hot", 1, 90.0),
        window("odd", 1, 50.0),
        anomaly("odd", 1),
        window("bad", 1, 50.0),
        alert("x", "bad", 1, "firing"),
    )
    assert machines_of(View(hub, Selection(top=3))) == {"hot", "odd", "bad"}
    assert machines_of(View(hub, Selection(top=1))) == {"bad"}


def test_a_new_series_is_told_at_once_where_there_is_room() -> None:
    hub = hub_with(window("a", 1, 50.0))
    view = View(hub, Selection(top=2))
    change = take(hub, window("b", 1, 50.0))
    view.choose()
    (told,) = view.news(change - 1)["series"]
    assert (told["keys"], told["replace"]) == ({"machine": "b"}, True)


def test_without_news_there_is_nothing_to_tell() -> None:
    hub = hub_with(window("a", 1, 50.0), alert("x", "a", 1, "firing"), anomaly("a", 1))
    view = View(hub, Selection())
    assert view.news(hub.change) == {}


@pytest.mark.parametrize(
    ("request_", "wanted"),
    [
        (Filter(type="filter"), {"pump-1", "pump-2", "mill-1"}),
        (Filter(type="filter", keys={"machine": ["pump-1", "x"]}), {"pump-1"}),
        (Filter(type="filter", search=" PUMP"), {"pump-1", "pump-2"}),
        (Subscribe(type="subscribe", signals=[]), set()),
        (Subscribe(type="subscribe", signals=["machines"]), {"pump-1", "pump-2", "mill-1"}),
    ],
)
def test_requests_choose_signals_and_keys(request_: Filter | Subscribe, wanted: set[str]) -> None:
    hub = hub_with(*(window(name, 1, 50.0) for name in ("pump-1", "pump-2", "mill-1")))
    assert machines_of(View(hub, Selection().changed_by(request_))) == wanted


def test_a_filter_is_about_alerts_and_anomalies_too() -> None:
    hub = hub_with(alert("x", "a", 1, "firing"), alert("x", "b", 1, "firing"), anomaly("b", 1))
    news = View(hub, Selection(search="a")).news(ALL)
    assert [each["keys"] for each in news["alerts"]] == [{"machine": "a"}]
    assert "anomalies" not in news

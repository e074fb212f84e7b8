"""What a rule tells: the state and the text of the record that fired, on time and late.

Each rule of the example pipelines is evaluated at many moments on a real InfluxDB, which holds at
each what the flow had stored until then.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.fuzz import times
from tests.grafana.database import ask
from tests.grafana.rendering import examples
from tests.grafana.telling import Rendered, Row, Telling, with_bucket
from tests.services.influxdb import InfluxDB
from tidegauge.batch import OFFSET, TIME
from tidegauge.catalogue import EVENT_LEVEL
from tidegauge.durations import UNITS_NS

START_S = 1_800_000_000
DAY_S = 86_400
PIPELINES = {pipeline.pipeline: pipeline for pipeline in examples()}


@dataclass(frozen=True)
class Case:
    """Values for which an alert of an example fires, and for which it ends."""

    pipeline: str
    fires: tuple[float, float]
    calm: tuple[float, float]
    beside: dict[str, Any] = field(default_factory=dict)

    def value(self, share: float, *, fires: bool) -> float:
        """A value between the two that are given."""
        low, high = self.fires if fires else self.calm
        return low + share * (high - low)


CASES = {
    "knock": Case("machines", (12, 20), (1, 3)),
    "getting_warm": Case("machines", (70, 84), (50, 60)),
    "shaking": Case("machines", (5, 9), (1, 2)),
    "overheating": Case("machines", (86, 120), (40, 74)),
    "failures": Case("payments", (0.06, 0.9), (0, 0.02), {"count": 20}),
    "odd_spend": Case("payments", (300, 900), (10, 60)),
    "large_payment": Case("payments", (5_001, 9_999), (1, 4_000), {"status": "ok"}),
    "card_tested": Case("payments", (4, 9), (4, 9)),
    "large_order": Case("warehouse", (5_001, 9_999), (1, 4_000), {"category": "books"}),
    "returns": Case("warehouse", (1_001, 5_000), (1, 900)),
    "errors": Case("web", (0.06, 0.9), (0, 0.01), {"data_points": 20}),
    "slow": Case("web", (801, 5_000), (20, 200)),
    "slower_than_usual": Case("web", (300, 900), (20, 90)),
}

ANOMALOUS = frozenset({"knock", "getting_warm", "shaking", "odd_spend", "slower_than_usual"})
"""Those about what a detector says."""
Told = Callable[[str], Telling]


def test_the_cases_are_all_alerts_of_the_examples() -> None:
    alerts = [name for pipeline in PIPELINES.values() for name in pipeline.alerts]
    assert sorted(alerts) == sorted(CASES)


@pytest.fixture(scope="module")
def telling(influxdb: InfluxDB) -> Told:
    """Makes one alert of an example, at a time of its own in a store."""
    bucket = influxdb.bucket()
    days = iter(range(1_000_000))

    @cache
    def rendered(alert: str) -> Rendered:
        return Rendered.of(with_bucket(PIPELINES[CASES[alert].pipeline], bucket), alert)

    def made(alert: str) -> Telling:
        start_s = START_S + next(days) * DAY_S
        return Telling(influxdb, rendered(alert), start_s, CASES[alert].beside)

    return made


def seen(made: Telling, batches: Sequence[Sequence[Row]], until_s: int) -> list[str]:
    """What evaluations tell while batches come, each text once in a row."""
    found: list[str] = []
    waiting = list(batches)
    for at_s in range(made.made.step_s // 2, until_s, made.made.step_s):
        while waiting and waiting[0][-1].told_s <= at_s:
            made.take(waiting.pop(0))
        for text in made.texts(at_s).values():
            if found[-1:] != [text]:
                found.append(text)
    return found


def knock(at_s: float, told_s: float, value: float | None) -> Row:
    """A strong one of the press."""
    return Row(at_s, told_s, "press", value, anomalous=True)


def test_a_knock_is_told_with_its_own_strength_though_quiet_readings_follow(telling: Told) -> None:
    batches = [[knock(0, 1, 14.5)], [Row(2, 3, "press", 2.3)]]
    assert seen(telling("knock"), batches, 200) == ["press: a knock of 14.5 mm/s"]


def test_a_large_payment_is_told_though_a_small_one_follows(telling: Told) -> None:
    batches = [[Row(0, 1, None, 7_400.0), Row(1, 1, None, 21.0)]]
    assert seen(telling("large_payment"), batches, 400) == ["A payment of 7400 EUR"]


def test_of_two_large_payments_the_newest_is_told(telling: Told) -> None:
    batches = [[Row(0, 1, None, 7_400.0)], [Row(50, 51, None, 6_000.0), Row(51, 52, None, 21.0)]]
    texts = ["A payment of 7400 EUR", "A payment of 6000 EUR"]
    assert seen(telling("large_payment"), batches, 400) == texts


def test_a_firing_that_lasts_is_told_with_its_newest_value(telling: Told) -> None:
    values = (900.0, 850.0, 1_250.0, 1_900.0, 120.0)
    batches = [[Row(60 * n, 60 * n + 6, "/cart", value)] for n, value in enumerate(values)]
    texts = ["850 ms", "1250 ms", "1900 ms"]
    expected = [f"/cart: {text} on average" for text in texts]
    assert seen(telling("slow"), batches, 600) == expected


def test_keys_are_told_each_with_its_own_value_also_one_that_is_null(telling: Told) -> None:
    made = telling("knock")
    made.take([knock(0, 1, 14.5), Row(0.5, 1, None, 12.25, anomalous=True)])
    made.take([Row(1, 2, "mill", 2.0), Row(2, 3, None, 1.5), Row(2, 3, "press", 2.5)])
    assert made.texts(10) == {
        made.labels("press"): "press: a knock of 14.5 mm/s",
        made.labels(None): "(none): a knock of 12.25 mm/s",
    }


def test_a_firing_long_ago_does_not_lend_its_value_to_a_new_one(telling: Told) -> None:
    calm = [Row(2, 3, "press", 2.0)], [Row(602, 603, "press", 2.0)]
    batches = [[knock(0, 1, 14.5)], calm[0], [knock(600, 601, 18.0)], calm[1]]
    texts = ["press: a knock of 14.5 mm/s", "press: a knock of 18 mm/s"]
    assert seen(telling("knock"), batches, 800) == texts


def test_a_record_without_a_value_says_so(telling: Told) -> None:
    """Silence is an anomaly that has none; to a template it would be 0, or that of another."""
    batches = [[knock(0, 1, 14.5)], [Row(2, 3, "press", 2.0)], [knock(600, 601, None)]]
    texts = ["press: a knock of 14.5 mm/s", "press: a knock of no value mm/s"]
    assert seen(telling("knock"), batches, 700) == texts


@pytest.mark.parametrize("alert", CASES)
@pytest.mark.parametrize("late_s", [1, 61, 600, 3_500])
def test_a_firing_that_is_over_when_it_is_stored_is_told_however_late(
    alert: str, late_s: int, telling: Told
) -> None:
    """By up to an hour and what the file lets pass, as when a flow was down and is back."""
    made, case = telling(alert), CASES[alert]
    told_s = 40 + late_s
    fires = [Row(10 * n, told_s, "a", case.fires[1], anomalous=True) for n in range(4)]
    ends = [] if made.plan.moment else [Row(40, told_s, "a", case.calm[0])]
    made.take(fires + ends)
    newest = max((one for one in made.told if one.active), key=lambda one: one.time_s)
    # Wherever the evaluations lie, one of them sees it.
    step_s = made.made.step_s
    for at_s in (told_s + 0.1, told_s + step_s / 2, told_s + step_s):
        assert made.texts(at_s) == {made.labels("a"): newest.summary}, at_s
    most_s = 300 if made.plan.moment else step_s + 20
    assert made.texts(told_s + most_s + 3 * max(told_s, 72)) == {}


@pytest.mark.parametrize("alert", ["knock", "card_tested", "returns", "errors"])
@pytest.mark.parametrize("late_s", [1, 61, 100, 600, 3_500])
def test_an_event_with_a_level_of_its_own_is_told_however_late(
    alert: str, late_s: int, telling: Told
) -> None:
    """A rule for each pipeline. It is seen for five minutes from when it was told, at least."""
    made = telling(alert)
    key = "a" if made.plan.by else None
    event = {OFFSET: 7, TIME: made.start_s * UNITS_NS["s"], "alert_level": 9}
    frame = pl.DataFrame([event | dict.fromkeys(made.plan.by, key)])
    made.tell_events(frame, told_s=late_s)
    level = {*made.labels(key), ("level", "9")}
    for after_s in (0.1, 5, 10, 200, 290 - min(late_s, 60)):
        (labels,) = (found := made.texts(late_s + after_s, EVENT_LEVEL))
        assert level <= set(labels)
        assert found[labels] == "An event of level 9"
    assert made.texts(late_s + 301 + 3 * max(late_s, 72), EVENT_LEVEL) == {}


def test_what_comes_later_than_that_is_not_told(telling: Told) -> None:
    made = telling("knock")
    made.take([knock(0, 4_000, 14.5), Row(2, 4_000, "press", 2.0)])
    assert [made.texts(4_000 + after_s) for after_s in (1, 11, 300)] == [{}, {}, {}]


def test_a_lasting_firing_is_told_though_it_is_stored_late(telling: Told) -> None:
    made = telling("overheating")
    made.take([Row(10 * n, 3_000, "press", 90.0 + n) for n in range(100)])
    assert list(made.texts(3_001).values()) == ["press: 189 °C; stop it"]


def test_a_time_ahead_of_the_clock_is_told_at_once(telling: Told) -> None:
    made = telling("knock")
    made.take([knock(240, 1, 14.5), Row(242, 2, "press", 2.0)])
    assert made.texts(5) == {made.labels("press"): "press: a knock of 14.5 mm/s"}


def test_records_that_do_not_say_how_late_they_are_count_as_on_time(telling: Told) -> None:
    """Those of earlier versions."""
    made = telling("knock")
    time_ns = made.start_s * UNITS_NS["s"]
    tags = "alerts,alert=knock,level=8,machine=press,pipeline=machines,site=north"
    fires, ends = f"active=1i,value=14.5 {time_ns}", f"active=0i,value=2.3 {time_ns + 1}"
    made.store([f"{tags} {fires}", f"{tags} {ends}"])
    assert list(made.texts(60).values()) == ["press: a knock of 14.5 mm/s"]
    assert made.texts(100) == {}


def test_the_servers_own_clock_is_what_now_is_in_a_query(influxdb: InfluxDB) -> None:
    """Elsewhere times are put in for it. Nothing here is near to a bound by less than minutes."""
    bucket, now_s = influxdb.bucket(), int(time.time())
    rendered = Rendered.of(with_bucket(PIPELINES["payments"], bucket), "card_tested")
    made = Telling(influxdb, rendered, now_s)
    told = [(900, "a"), (20_000, "b")]
    for late_s, card in told:
        made.take([Row(-late_s, 0, card, 5.0)])
    queries = {part["refId"]: part["model"].get("query", "") for part in rendered.rule["data"]}
    for letter, value in (("A", 1), ("D", 5.0)):
        (found,) = ask(influxdb, bucket, queries[letter])
        assert (found.tags["card"], found.rows[0][1]) == ("a", value)


@st.composite
def rows(draw: st.DrawFn, alert: str) -> list[list[Row]]:
    """Rows of several keys, in the batches in which a flow gets them; once it stands for a time."""
    case = CASES[alert]
    anomalous = alert in ANOMALOUS
    steps = draw(
        st.lists(
            st.tuples(
                st.integers(1, 45),
                st.sampled_from(["a", "b", None]),
                st.booleans(),
                st.floats(0, 1).map(lambda share: round(share, 3)),
            ),
            min_size=1,
            max_size=20,
        )
    )
    delay_s = draw(st.sampled_from([0.5, 5.0, 30.0, 60.0]))
    stands_s = draw(st.integers(0, 300))
    back_s = stands_s + draw(st.sampled_from([0, 0, 70, 400, 1_700]))
    made: list[list[Row]] = []
    at_s = 0
    for gap_s, key, fires, share in steps:
        at_s += gap_s
        told_s = at_s + delay_s
        if stands_s <= told_s < back_s:
            told_s = back_s
        value = case.value(share, fires=fires)
        row = Row(at_s, told_s, key, value, anomalous=fires and anomalous)
        if made and made[-1][0].told_s == told_s:
            made[-1].append(row)
        else:
            made.append([row])
    return made


@pytest.mark.parametrize("alert", CASES)
def test_state_and_text_are_those_of_the_record_that_fired(
    alert: str, telling: Told, checked: Counter[str]
) -> None:
    # Without what makes failures small: each try takes a second.
    @settings(max_examples=times(3), phases=[Phase.explicit, Phase.reuse, Phase.generate])
    @given(rows(alert))
    def holds(batches: list[list[Row]]) -> None:
        made = telling(alert)
        for number, batch in enumerate(batches):
            made.take(batch)
            then = batches[number + 1 :]
            until_s = then[0][0].told_s if then else batch[0].told_s + 4_000
            for at_s in moments(made, batch[0].told_s, until_s):
                made.expected.check(made.texts(at_s), at_s)
                checked["moments of a rule"] += 1

    holds()


def moments(made: Telling, told_s: float, until_s: float) -> Iterator[float]:
    """Times at which something may have changed since records were stored."""
    for after_s in (0.001, made.made.step_s, 95, 290, 305, 1_000, 3_500):
        if told_s + after_s < until_s:
            yield told_s + after_s

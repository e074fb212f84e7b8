"""An alert whose series is gone ends as stale: by event time, whatever the batches."""

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.alerts.group import AlertGroup
from tests.operators.alerts.timelines import Row, S, group, pipeline, plan, records, spend
from tests.operators.keygroups.engine import pickled
from tidegauge.batch import END_OF_TIME
from tidegauge.expressions.conditions import read_condition
from tidegauge.records import RecordBatch, Tick, rest_of
from tidegauge.staleness import default_ns

STALE: dict[str, Any] = {"stale_after": "10s"}


def tick(second: float, signal: str = "spend") -> Tick:
    return Tick(frozenset({signal}), "", int(second * S))


def told(made: list[RecordBatch]) -> list[tuple[int, str, str]]:
    return [(row["time_ns"] // S, row["region"], row["state"]) for row in records(made)]


def test_a_firing_alert_is_stale_when_nothing_came_of_its_series_for_so_long() -> None:
    watching = group(plan(**STALE))
    made = watching.take([spend([(1, "a", 1, 9.0)]), tick(11), tick(11.5), tick(50)])
    assert told(made) == [(1, "a", "firing"), (11, "a", "stale")]
    stale = records(made)[-1]
    assert (stale["active"], stale["value"], stale["_changed"]) == (0, None, True)
    assert stale["id"] == records(made)[0]["id"]
    assert stale["since_ns"] == 1 * S
    assert stale["summary"] == "high: spend.total > 5 for region a, shop 1 (no value)"


def test_its_state_is_let_go() -> None:
    watching = group(plan(**STALE))
    watching.take([spend([(1, f"card {n}", 1, 9.0) for n in range(1_000)]), tick(12)])
    assert watching.snapshot()["alerts"]["high"]["lives"] == {}


def test_a_result_at_the_very_end_of_the_time_keeps_it_firing() -> None:
    watching = group(plan(**STALE))
    made = watching.take([spend([(1, "a", 1, 9.0)]), tick(11), spend([(11, "a", 1, 9.0)])])
    assert [state for *_, state in told(made)] == ["firing", "firing"]


def test_what_is_pending_comes_to_nothing() -> None:
    watching = group(plan(**STALE, **{"for": "5s"}))
    made = watching.take([spend([(1, "a", 1, 9.0)]), tick(12)])
    assert told(made) == [(1, "a", "pending"), (11, "a", "inactive")]


def test_a_series_that_comes_back_fires_anew() -> None:
    watching = group(plan(**STALE))
    made = watching.take([spend([(1, "a", 1, 9.0), (40, "a", 1, 9.0)])])
    assert told(made) == [(11, "a", "stale"), (1, "a", "firing"), (40, "a", "firing")]
    rows = records(made)
    assert rows[0]["id"] == rows[1]["id"] != rows[2]["id"]
    assert rows[2]["since_ns"] == 40 * S


def test_the_end_of_a_bounded_run_makes_nothing_stale() -> None:
    watching = group(plan(**STALE))
    made = watching.take([spend([(1, "a", 1, 9.0)]), Tick(frozenset({"spend"}), "", END_OF_TIME)])
    assert [state for *_, state in told(made)] == ["firing"]


def test_the_sum_of_small_series_has_ticks_of_its_own() -> None:
    alert = plan(**STALE)
    watching = group(alert)
    made = watching.take([spend([(1, "other", None, 9.0)]), tick(50)])
    assert [state for *_, state in told(made)] == ["firing"]
    made = watching.take([tick(50, rest_of("spend"))])
    assert told(made) == [(11, "other", "stale")]


def test_a_firing_of_an_older_version_ends_too_and_not_at_once() -> None:
    watching = group(plan(**STALE))
    watching.take([spend([(1, "a", 1, 9.0)])])
    saved = pickled(watching.snapshot())
    (alert,) = saved["alerts"].values()
    alert["lives"] = {key: life[:3] for key, life in alert["lives"].items()}
    resumed = group(plan(**STALE), snapshot={**saved, "version": 1})
    # It may have been evaluated until just now.
    assert told(resumed.take([tick(500), tick(510)])) == []
    assert told(resumed.take([tick(511)])) == [(510, "a", "stale")]
    resumed = group(plan(**STALE), snapshot={**saved, "version": 1})
    made = resumed.take([spend([(500, "a", 1, 9.0)]), tick(511)])
    assert told(made) == [(500, "a", "firing"), (510, "a", "stale")]


@given(
    rows=st.lists(
        st.tuples(st.integers(0, 25), st.sampled_from("ab"), st.sampled_from([1.0, 9.0])),
        max_size=12,
    ),
    cuts=st.lists(st.integers(1, 6), max_size=6),
    resumed=st.booleans(),
)
def test_any_batches_ticks_and_restarts_tell_the_same(
    rows: list[tuple[int, str, float]], cuts: list[int], *, resumed: bool
) -> None:
    at, ordered = 0, list[Row]()
    for gap, region, total in rows:
        at += gap
        if not any(row[:2] == (at, region) for row in ordered):
            ordered.append((at, region, 1, total))
    whole = told(group(plan(**STALE)).take([spend(ordered), tick(1_000)]))
    watching, made, left = group(plan(**STALE)), list[tuple[int, str, str]](), ordered
    for size in [*cuts, len(ordered)]:
        part, left = left[:size], left[size:]
        made += told(watching.take([spend(part)]))
        # A tick says that all up to its time were given.
        made += told(watching.take([tick((left[0][0] if left else 1_000) - 0.5)]))
        if resumed:
            watching = group(plan(**STALE), snapshot=pickled(watching.snapshot()))
    assert sorted(made) == sorted(whole)


@pytest.mark.parametrize(
    ("window", "seconds"),
    [
        ({"tumbling": {"size": "10s"}}, 600),
        ({"tumbling": {"size": "1h"}}, 2 * 3_600),
        ({"sliding": {"size": "1h", "every": "5m"}}, 3_600 + 300),
        ({"cumulative": {"size": "1d", "every": "1m"}}, 86_400 + 60),
        ({"session": {"gap": "5m"}}, 86_400),
        ({"count": {"size": 10}}, 86_400),
    ],
)
def test_unless_said_it_is_the_window_and_a_result_more_and_at_least_ten_minutes(
    window: dict[str, Any], seconds: int
) -> None:
    made = pipeline({})
    shape = made.windows["spend"].model_dump(by_alias=True) | {"tumbling": None, **window}
    declared = type(made.windows["spend"]).model_validate(
        {key: value for key, value in shape.items() if value is not None}
    )
    changed = made.model_copy(update={"windows": {"spend": declared}})
    assert default_ns(changed, read_condition("spend.total > 5", changed)) == seconds * S


def test_an_alert_about_events_ends_after_ten_minutes() -> None:
    alert = plan("payments.amount > 5")
    assert alert.stale_ns == 600 * S
    assert isinstance(AlertGroup([alert], lambda: 0), AlertGroup)


def paid(rows: list[tuple[int, str, float | None]]) -> RecordBatch:
    """Payments: second, region and amount; the shop is the second."""
    schema = {"at": pl.Int64, "region": pl.String, "amount": pl.Float64}
    frame = pl.DataFrame(rows, schema, orient="row").select(
        (pl.col("at") * S).alias("time_ns"),
        (pl.col("at") * S).alias("_time_ns"),
        "region",
        pl.col("at").alias("shop"),
        "amount",
    )
    return RecordBatch(PAID.reads, frame)


PAID = plan("payments.amount > 5", summary="shop {shop} took {amount} ({value})", **STALE)


def said(made: list[RecordBatch]) -> list[tuple[str, str]]:
    return [(row["state"], row["summary"]) for row in records(made)]


@pytest.mark.parametrize("resumed", [False, True])
@pytest.mark.parametrize(
    ("last", "state"), [(paid([(3, "a", 1.0)]), "resolved"), (tick(50, PAID.origin), "stale")]
)
def test_the_end_of_an_alert_about_events_says_what_the_firing_said(
    last: RecordBatch | Tick, state: str, *, resumed: bool
) -> None:
    watching = group(PAID)
    made = watching.take([paid([(1, "a", 8.0), (2, "b", 9.0)])])
    if resumed:
        watching = group(PAID, snapshot=pickled(watching.snapshot()))
    made += watching.take([last])
    assert said(made) == [
        ("firing", "shop 1 took 8 (8)"),
        ("firing", "shop 2 took 9 (9)"),
        (state, "shop 2 took 9 (9)"),
    ]
    assert not watching.snapshot()["said"]["high"]


def test_it_does_so_too_where_it_fires_anew_in_the_same_batch() -> None:
    made = group(PAID).take([paid([(1, "a", 8.0), (40, "a", 9.0)])])
    assert said(made)[0] == ("stale", "shop 1 took 8 (8)")


def test_state_that_does_not_know_what_was_said_last_is_read() -> None:
    watching = group(PAID)
    watching.take([paid([(1, "a", 8.0)])])
    saved = {**pickled(watching.snapshot()), "version": 2}
    del saved["said"]
    made = group(PAID, snapshot=saved).take([tick(50, PAID.origin)])
    assert [state for state, _ in said(made)] == ["stale"]

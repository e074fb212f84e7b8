from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.alerts.watch import Watch
from tests.operators.alerts.timelines import Row, S, group, plan, records, spend
from tests.operators.keygroups.engine import pickled
from tidegauge.errors import UserMistake

VALUES = st.lists(
    st.tuples(
        st.sampled_from(["north", "south"]),
        st.sampled_from([1, 2]),
        st.sampled_from([1.0, 4.0, 9.0, None]),
    ),
    max_size=60,
)


def _plainly(rows: list[Row], hold_s: int, clear: float | None) -> list[tuple[int, str, int]]:
    """Time, state and since of every record, by one series and one row after the other."""
    lives: dict[tuple[str, int | None], tuple[str, int]] = {}
    made = []
    for at, region, shop, total in rows:
        holds = total is not None and total > 5
        ends = total is not None and (total < clear if clear is not None else not holds)
        state, since = lives.get((region, shop), ("inactive", at))
        if state == "inactive" and holds:
            lives[region, shop] = ("firing" if hold_s == 0 else "pending", at)
            made.append((at, lives[region, shop][0], at))
        elif state == "pending" and not holds:
            made.append((at, "inactive", since))
            del lives[region, shop]
        elif state == "pending" and at - since >= hold_s:
            lives[region, shop] = ("firing", since)
            made.append((at, "firing", since))
        elif state == "firing":
            made.append((at, "resolved" if ends else "firing", since))
            if ends:
                del lives[region, shop]
    return made


@given(
    values=VALUES,
    hold_s=st.sampled_from([0, 4]),
    clear=st.sampled_from([None, 3.0]),
    cuts=st.lists(st.integers(1, 20), max_size=6),
    resumed=st.booleans(),
)
def test_many_series_at_once_live_as_each_alone(
    *,
    values: list[tuple[str, int, float | None]],
    hold_s: int,
    clear: float | None,
    cuts: list[int],
    resumed: bool,
) -> None:
    rows: list[Row] = [(at, *value) for at, value in enumerate(values)]
    settings: dict[str, Any] = {"for": f"{hold_s}s"}
    alert = plan(**settings | ({} if clear is None else {"clear": f"spend.total < {clear}"}))
    expected = _plainly(rows, hold_s, clear)
    watching, made = group(alert), []
    for size in [*cuts, len(rows)]:
        part, rows = rows[:size], rows[size:]
        made += records(watching.take([spend(part)]))
        if resumed:
            watching = group(alert, snapshot=pickled(watching.snapshot()))
    found = [(row["time_ns"] // S, row["state"], row["since_ns"] // S) for row in made]
    assert found == expected


def test_only_what_is_not_inactive_is_remembered() -> None:
    watch = Watch(plan())
    watch.evaluate(spend([(0, "a", 1, 9.0), (0, "b", 1, 1.0), (0, "c", 1, 9.0)]).frame)
    assert set(watch.snapshot()["lives"]) == {("a", 1), ("c", 1)}
    watch.evaluate(spend([(1, "a", 1, 1.0), (1, "d", 1, 1.0)]).frame)
    assert set(watch.snapshot()["lives"]) == {("c", 1)}


def test_a_snapshot_does_not_change_afterwards() -> None:
    watch = Watch(plan())
    watch.evaluate(spend([(0, "a", 1, 9.0)]).frame)
    snapshot = watch.snapshot()
    kept = pickled(snapshot)
    resumed = Watch(plan(), snapshot)
    for following in (watch, resumed):
        following.evaluate(spend([(1, "a", 1, 1.0), (2, "a", 1, 9.0), (2, "b", 1, 9.0)]).frame)
    assert snapshot == kept


def test_corrected_results_are_no_evaluations() -> None:
    watch = Watch(plan())
    watch.evaluate(spend([(0, "a", 1, 9.0)]).frame)
    assert watch.evaluate(spend([(0, "a", 1, 1.0)], revision=1).frame) is None


def test_how_a_sum_was_split_decides_nothing() -> None:
    totals = [0.1 + 0.2, 0.3, 0.1 * 3]
    alert = plan("spend.total > 0.3", where="total >= 0.3", clear="spend.total < 0.3")
    rows: list[Row] = [(at, "a", 1, total) for at, total in enumerate(totals)]
    assert Watch(alert).evaluate(spend(rows).frame) is None


def test_a_condition_without_columns_holds_for_every_row() -> None:
    watch = Watch(plan(where="1 < 2"))
    assert watch.evaluate(spend([(0, "a", 1, 9.0), (1, "a", 1, 9.0)]).frame) is not None


def test_the_state_of_an_alert_with_other_keys_is_refused() -> None:
    snapshot = Watch(plan()).snapshot()
    with pytest.raises(
        UserMistake, match=r"alert high had the keys \['region', 'shop'\], now it has \[\]"
    ):
        Watch(plan("payments.amount > 5"), snapshot)


def test_verdicts_fire_while_they_are_anomalous_and_where_fits() -> None:
    verdicts = pl.DataFrame(
        {
            "time_ns": [1 * S, 2 * S, 3 * S, 4 * S],
            "region": ["a"] * 4,
            "shop": [1] * 4,
            "value": [7.0, 8.0, 9.0, 10.0],
            "score": [7.0, 20.0, 20.0, 1.0],
            "start_ns": [0, 1 * S, 2 * S, 3 * S],
            "_anomalous": [True, True, True, False],
        }
    )
    changes = Watch(plan("anomaly(odd)", where="score > 10 OR score < 6")).evaluate(verdicts)
    assert changes is not None
    assert changes.rows["value"].to_list() == [8.0, 9.0, 10.0]
    assert [life.since_ns for life in changes.lives] == [2 * S] * 3


def test_an_anomaly_of_an_event_is_evaluated_at_the_event_time() -> None:
    """Point times carry digits of the offset, which must not count for `for`."""
    verdicts = pl.DataFrame(
        {
            "time_ns": [1 * S + 999_000, 4 * S + 1_000],
            "region": ["a"] * 2,
            "value": [7.0, 8.0],
            "start_ns": [1 * S, 4 * S],
            "_anomalous": [True, True],
        }
    )
    changes = Watch(plan("anomaly(odd_amount)", **{"for": "3s"})).evaluate(verdicts)
    assert changes is not None
    assert changes.rows["value"].to_list() == [7.0, 8.0]


def test_that_something_lasts_keeps_an_alert_firing_and_begins_none() -> None:
    verdicts = pl.DataFrame(
        {
            "time_ns": [1 * S, 2 * S, 3 * S, 4 * S],
            "region": ["a", "b", "b", "a"],
            "shop": [1] * 4,
            "value": [0.0] * 4,
            "start_ns": [0, 1 * S, 2 * S, 3 * S],
            "_anomalous": [True] * 4,
            "_repeated": [False, True, True, True],
        }
    )
    watch = Watch(plan("anomaly(odd)"))
    changes = watch.evaluate(verdicts)
    assert changes is not None
    assert changes.rows["region"].to_list() == ["a", "a"]
    assert len(watch.snapshot()["lives"]) == 1

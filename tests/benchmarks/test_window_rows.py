"""Reading expected rows, and comparing them with what was found."""

from pathlib import Path
from typing import Any

import pytest

from benchmarks.window_rows import Row, RowKey, compare, read_expected, rows_of_window
from tidegauge.errors import UserMistake
from tidegauge.spec.models import Pipeline

PIPELINE = Pipeline.model_validate(
    {
        "version": 1,
        "pipeline": "rows",
        "sources": {
            "events": {
                "kafka": {"topic": "events"},
                "event_time": {"field": "ts", "format": "epoch_ms"},
                "fields": {
                    "shop": {"type": "string"},
                    "till": {"type": "int"},
                    "gift": {"type": "bool"},
                    "rate": {"type": "float"},
                },
            }
        },
        "windows": {
            "sales": {
                "from": "events",
                "tumbling": {"size": "10s"},
                "by": ["shop", "till"],
                "select": {"n": "count(*)", "total": "sum(rate)"},
            },
            "kinds": {
                "from": "events",
                "tumbling": {"size": "10s"},
                "by": ["gift", "rate"],
                "select": {"n": "count(*)"},
            },
        },
    }
)
KEY: RowKey = ("sales", 0, 10_000, ("a", "1"))


def read(tmp_path: Path, text: str) -> dict[RowKey, Row]:
    path = tmp_path / "rows.csv"
    path.write_text(text)
    return read_expected(path, PIPELINE)


def record(**changes: Any) -> dict[str, Any]:
    """A record of `sales` as a store returns it."""
    plain = {"time_ns": 10_000_000_000, "start_ns": 0, "revision": 0, "shop": "a", "till": "1"}
    return {**plain, "n": 2, "total": 3.5, **changes}


def test_a_row_is_known_by_window_times_and_keys(tmp_path: Path) -> None:
    rows = read(tmp_path, "window,shop,till,start,end,n,total\nsales,a,1,0,10000,2,3.5\n")
    assert rows == {KEY: {"n": 2.0, "total": 3.5}}


def test_an_empty_cell_of_the_window_s_own_field_says_that_the_row_has_none(tmp_path: Path) -> None:
    rows = read(tmp_path, "window,shop,till,start,end,n,total\nsales,a,1,0,10000,2,\n")
    assert rows == {KEY: {"n": 2.0, "total": None}}


def test_the_empty_text_has_a_name_of_its_own_since_an_empty_cell_is_none(tmp_path: Path) -> None:
    rows = read(tmp_path, "window,shop,till,start,end,n,total\nsales,(empty),1,0,10000,2,(empty)\n")
    assert rows == {("sales", 0, 10_000, ("(empty)", "1")): {"n": 2.0, "total": ""}}


def test_cells_of_other_windows_columns_are_nothing(tmp_path: Path) -> None:
    text = "window,shop,till,gift,rate,start,end,n,total\nkinds,,,True,2.50,0,10000,4,\n"
    assert read(tmp_path, text) == {("kinds", 0, 10_000, ("true", "2.5")): {"n": 4.0}}


def test_keys_and_times_may_look_as_pandas_writes_them(tmp_path: Path) -> None:
    rows = read(tmp_path, "window,shop,till,start,end,n\nsales,,1.0,0.0,10000.0,2\n")
    assert list(rows) == [("sales", 0, 10_000, (None, "1"))]


def test_a_file_with_a_byte_order_mark_can_be_read(tmp_path: Path) -> None:
    assert read(tmp_path, "\ufeffwindow,shop,till,start,end,n\nsales,a,1,0,10000,2\n")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("window,start,end\nother,0,1\n", ":2: window is 'other'; allowed is one of sales, kinds"),
        ("start,end\n0,1\n", ":2: window is None; allowed is one of sales, kinds"),
        ("window,shop,start\nsales,a,0\n", ":2: no cell for end, till"),
        ("window,shop,till,start,end\nsales,a,1,soon,1\n", ":2: could not convert"),
        ("window,shop,till,start,end\nsales,a,x,0,1\n", ":2: invalid literal"),
        ("window,shop,till,start,end\n" + "sales,a,1,0,1\n" * 2, ":3: a second row of"),
    ],
)
def test_what_cannot_be_read_is_a_line(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(UserMistake) as caught:
        read(tmp_path, text)
    assert str(caught.value).startswith(f"{tmp_path / 'rows.csv'}{told}")


def test_the_last_revision_of_a_row_counts_in_whichever_order() -> None:
    rows = rows_of_window("sales", PIPELINE, [record(revision=1, n=3), record()])
    assert rows[KEY]["n"] == 3.0


@pytest.mark.parametrize("absent", [None, ""])
def test_a_key_that_the_store_does_not_have_is_none(absent: str | None) -> None:
    (key,) = rows_of_window("sales", PIPELINE, [record(shop=absent)])
    assert key[3] == (None, "1")


def test_booleans_are_0_and_1() -> None:
    (row,) = rows_of_window("sales", PIPELINE, [record(total=True)]).values()
    assert row["total"] == 1.0


def found(**changes: Any) -> dict[RowKey, Row]:
    return rows_of_window("sales", PIPELINE, [record(**changes)])


def test_equal_rows_are_equal() -> None:
    result = compare({KEY: {"n": 2.0, "total": 3.5}}, found())
    assert (result.equal, result.same, result.examples) == (1, True, [])


def test_numbers_may_differ_in_the_last_digits() -> None:
    assert compare({KEY: {"total": 3.5 * (1 + 1e-10)}}, found()).same
    assert not compare({KEY: {"total": 3.5 * (1 + 1e-8)}}, found()).same
    assert compare({KEY: {"total": 0.0}}, found(total=1e-12)).same


@pytest.mark.parametrize(("expected", "there"), [(None, 3.5), (3.5, None), ("x", 3.5), (3.5, "x")])
def test_a_field_that_is_there_or_not_makes_a_difference(expected: Any, there: Any) -> None:
    result = compare({KEY: {"total": expected}}, found(total=there))
    assert (result.different, result.same) == (1, False)
    assert result.examples == [f"different {KEY}: total: {there} instead of {expected}"]


def test_missing_and_extra_rows_are_counted_and_a_few_are_told() -> None:
    expected: dict[RowKey, Row] = {("sales", n, n + 1, ("b", "1")): {} for n in range(5)}
    result = compare(expected, found())
    assert (result.equal, result.different, result.missing, result.extra) == (0, 0, 5, 1)
    assert len([line for line in result.examples if line.startswith("missing")]) == 3
    assert result.examples[-1] == f"extra {KEY}"


def test_a_superseded_session_counts_only_where_one_is_expected() -> None:
    withdrawn = found(state="superseded")
    assert compare({}, withdrawn).same
    assert compare({KEY: {"n": 2.0}}, withdrawn).missing == 1
    assert compare({KEY: {"n": 2.0, "state": "superseded"}}, withdrawn).equal == 1
    assert compare({}, found(state="final")).extra == 1

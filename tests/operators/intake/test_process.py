import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.intake.process import Function, Process, load_process
from operators.intake.process import process_rows as rows_of
from tidegauge.batch import OFFSET, TIME
from tidegauge.errors import UserMistake
from tidegauge.fieldtypes import FieldType

Frame = pl.DataFrame


def process_rows(
    function: Function, rows: Frame, **adds: FieldType
) -> tuple[Frame, list[tuple[int, str]]]:
    return rows_of(Process("sources.s", function, adds), rows)


def frame(*values: float) -> Frame:
    count = len(values)
    return Frame(
        {"v": values, OFFSET: range(10, 10 + count), TIME: range(count)},
        schema={"v": pl.Float64, OFFSET: pl.Int64, TIME: pl.Int64},
    )


def refuse_negative(rows: Frame) -> Frame:
    for value in rows["v"]:
        if value < 0:
            raise ValueError(f"{value} is negative")
    return rows


def test_a_function_is_found_by_module_and_name() -> None:
    assert load_process(f"{__name__}:refuse_negative") is refuse_negative


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        ("nowhere:f", "No module named 'nowhere'"),
        (f"{__name__}:nothing", "has no attribute 'nothing'"),
        (f"{__name__}:OFFSET", "is no function"),
        (":f", "Empty module name"),
        (__name__, "has no attribute ''"),
    ],
)
def test_a_function_that_is_not_there_is_a_mistake_of_the_user(reference: str, reason: str) -> None:
    with pytest.raises(UserMistake, match=rf"^process: {reference}.*{reason}.*module:function"):
        load_process(reference)


@pytest.mark.parametrize(
    ("source", "reason"),
    [("1 / 0", "division by zero"), ("def f(:", "invalid syntax"), ("assert False", "Assertion")],
)
def test_a_module_that_fails_is_a_mistake_of_the_user(
    source: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "failing_hook.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UserMistake, match=rf"^process: failing_hook:f: {reason}.*module:function"):
        load_process("failing_hook:f")


def test_a_row_that_raises_is_refused_and_the_rest_goes_on() -> None:
    made, bad = process_rows(refuse_negative, frame(1, -2, 3, -4))
    assert made["v"].to_list() == [1, 3]
    assert bad == [
        (11, "process: ValueError: -2.0 is negative"),
        (13, "process: ValueError: -4.0 is negative"),
    ]


def test_no_rows_are_not_passed_to_the_function() -> None:
    def never(_: Frame) -> Frame:
        raise AssertionError

    made, bad = process_rows(never, frame())
    assert made.height == 0
    assert bad == []


def test_when_every_row_raises_none_is_left() -> None:
    made, bad = process_rows(refuse_negative, frame(-1, -1, -1))
    assert made.schema == frame().schema
    assert [offset for offset, _ in bad] == [10, 11, 12]


@given(st.lists(st.integers(-3, 3), max_size=40))
def test_narrowing_down_finds_exactly_the_rows_that_raise(values: list[int]) -> None:
    rows = frame(*values)
    made, bad = process_rows(refuse_negative, rows)
    assert made.equals(rows.filter(pl.col("v") >= 0))
    assert [offset for offset, _ in bad] == rows.filter(pl.col("v") < 0)[OFFSET].to_list()


@pytest.mark.parametrize(
    "function",
    [
        lambda rows: rows,
        lambda rows: rows.reverse(),
        lambda rows: rows.filter(pl.col("v") > 1),
        lambda rows: rows.clear(),
        lambda rows: rows.select(TIME, "v", OFFSET),
        lambda rows: rows.with_columns(pl.col("v").cast(pl.Int32)),
        lambda rows: rows.with_columns(pl.col("v") * -1),
    ],
)
def test_rows_may_be_left_out_and_fields_changed(function: Callable[[Frame], Frame]) -> None:
    rows = frame(1, 2, 3)
    made, bad = process_rows(function, rows)
    assert bad == []
    assert made.schema == rows.schema
    assert made[OFFSET].is_sorted()


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (lambda _: None, "returned NoneType; allowed is a Polars DataFrame"),
        (lambda rows: rows.lazy(), "returned LazyFrame; allowed is a Polars DataFrame"),
        (lambda rows: rows.to_dicts(), "returned list; allowed is a Polars DataFrame"),
        (lambda rows: rows.drop("v"), "lacks 'v'; it must keep every column it was given"),
        (lambda rows: rows.drop(TIME), f"lacks '{TIME}'"),
        (lambda rows: rows.with_columns(extra=1), "has 'extra', which nobody declares; .*adds"),
        (lambda rows: rows.with_columns(v=pl.lit("x")), "the types .* do not fit"),
        (lambda rows: rows.with_columns(v=pl.lit([1])), "the types .* do not fit"),
        (lambda rows: pl.concat([rows, rows]), "new rows"),
        (lambda rows: rows[:1].extend(rows[:1]), "new rows"),
        (lambda rows: rows.with_columns(pl.col(OFFSET) + 1), "new rows, or other values of _off"),
        (lambda rows: rows.with_columns(pl.lit(None).alias(OFFSET)), "new rows"),
        (lambda rows: rows.with_columns(pl.col(TIME) + 1), "other values of _offset or _time_ns"),
        (lambda rows: rows.with_columns(pl.lit(None).alias(TIME)), "new rows"),
    ],
)
def test_nonsense_is_a_mistake_of_the_user_in_one_line(
    function: Callable[[Frame], Any], reason: str
) -> None:
    with pytest.raises(UserMistake, match=reason) as caught:
        process_rows(function, frame(1, 2, 3))
    assert re.fullmatch(r"process: [^\n]*", str(caught.value))


def test_a_float_that_is_no_finite_number_becomes_null() -> None:
    numbers = [1.0, math.nan, math.inf, -math.inf, None]
    made, bad = process_rows(lambda rows: rows.with_columns(v=pl.Series(numbers)), frame(*range(5)))
    assert made["v"].to_list() == [1.0, None, None, None, None]
    assert bad == []


def twice(rows: Frame) -> Frame:
    refuse_negative(rows)
    return rows.with_columns(twice=pl.col("v") * 2)


@given(st.lists(st.integers(-3, 3), max_size=40))
def test_columns_that_are_declared_are_kept(values: list[int]) -> None:
    made, bad = process_rows(twice, frame(*values), twice=FieldType.INT)
    assert made.schema == frame().schema | {"twice": pl.Int64}
    assert made["twice"].to_list() == [2 * value for value in values if value >= 0]
    assert len(bad) == sum(value < 0 for value in values)


def test_a_declared_column_that_is_not_returned_is_a_mistake_of_the_user() -> None:
    with pytest.raises(UserMistake, match=r"lacks 'twice', which sources.s.process.adds declares"):
        process_rows(lambda rows: rows, frame(1), twice=FieldType.INT)


def test_an_added_column_of_another_type_is_a_mistake_of_the_user() -> None:
    with pytest.raises(UserMistake, match=r"the types .* do not fit"):
        process_rows(
            lambda rows: rows.with_columns(twice=pl.lit("x")), frame(1), twice=FieldType.INT
        )

import pickle
from itertools import pairwise

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from operators.keygroups.pieces import Piece
from operators.windows.series import Series
from tidegauge.fieldtypes import FieldType

ONE = {"k": FieldType.STRING}
TWO = {"k": FieldType.STRING, "j": FieldType.INT}


def frame(*rows: tuple[str | None, int | None]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), {"k": pl.String, "j": pl.Int64}, orient="row")


def restarted(series: Series, by: dict[str, FieldType]) -> Series:
    """What a snapshot, pickled, brings back."""
    saved = pickle.loads(pickle.dumps(series.snapshot()))  # noqa: S301 - made here
    return Series.restored(by, saved)


def test_a_key_gets_the_next_number_once() -> None:
    series = Series(ONE)
    assert series.slots(frame(("a", 0), ("b", 0), ("a", 1))).tolist() == [0, 1, 0]
    assert series.slots(frame(("c", 0), ("b", 0))).tolist() == [2, 1]
    assert len(series) == 3


def test_null_is_a_key_of_its_own_and_no_empty_text() -> None:
    series = Series(ONE)
    slots = series.slots(frame((None, 0), ("", 0), (None, 0)))
    assert slots.tolist() == [0, 1, 0]
    assert series.columns(slots)[0].to_list() == [None, "", None]


def test_several_columns_make_a_key_together() -> None:
    series = Series(TWO)
    slots = series.slots(frame(("a", 0), ("a", None), (None, None), ("a", 0)))
    assert slots.tolist() == [0, 1, 2, 0]
    keys = [column.to_list() for column in series.columns(slots)]
    assert keys == [["a", "a", None, "a"], [0, None, None, 0]]


def test_without_key_columns_there_is_one_series() -> None:
    series = Series({})
    assert len(series) == 1
    assert series.slots(frame(("a", 0), ("b", 0))).tolist() == [0, 0]
    assert series.columns(series.slots(frame(("a", 0)))) == []
    assert len(restarted(series, {})) == 1


def test_columns_have_the_type_of_the_key_even_if_all_are_null() -> None:
    series = Series(TWO)
    columns = series.columns(series.slots(frame((None, None))))
    assert [column.dtype for column in columns] == [pl.String, pl.Int64]


def test_columns_know_keys_that_came_after_they_were_last_asked_for() -> None:
    series = Series(ONE)
    series.columns(series.slots(frame(("a", 0))))
    assert series.columns(series.slots(frame(("b", 0))))[0].to_list() == ["b"]


def test_kept_series_are_renumbered_in_their_order() -> None:
    series = Series(TWO)
    slots = series.slots(frame(("a", 0), ("b", 1), ("c", 2)))
    kept = series.kept(slots[[1, 2]])
    assert kept.slots(frame(("c", 2), ("b", 1), ("a", 0))).tolist() == [1, 0, 2]


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "", None]), st.integers(0, 3) | st.none())))
def test_numbers_lead_back_to_the_keys_also_after_a_restart(
    rows: list[tuple[str | None, int | None]],
) -> None:
    series = Series(TWO)
    given_ = frame(*rows)
    slots = series.slots(given_)
    restored = restarted(series, TWO)
    assert restored.slots(given_).tolist() == slots.tolist()
    assert pl.DataFrame(restored.columns(slots)).equals(given_) or not rows


@given(st.lists(st.integers(0, 60), max_size=40))
def test_new_keys_are_new_pieces_and_there_are_never_many(steps: list[int]) -> None:
    series = Series(ONE)
    before: list[tuple[int, Piece]] = []
    names = iter(range(10_000))
    for new in steps:
        series.slots(frame(*((str(next(names)), 0) for _ in range(new))))
        after = series.snapshot()
        sizes = [count for count, _ in after]
        assert sum(sizes) == len(series)
        assert all(larger > smaller for larger, smaller in pairwise(sizes))
        if not new:
            assert after == before
        before = after
    assert len(restarted(series, ONE)) == len(series)

import polars as pl

from operators.detectors.series import SeriesTable
from tests.operators.keygroups.engine import pickled


def test_series_are_numbered_as_they_come_and_numbers_stay() -> None:
    table = SeriesTable(["k"])
    assert table.slots(pl.DataFrame({"k": ["b", "a", "b", None]})).tolist() == [0, 1, 0, 2]
    assert table.slots(pl.DataFrame({"k": [None, "c", "a"]})).tolist() == [2, 3, 1]
    assert len(table) == 4


def test_keys_of_several_columns_and_none() -> None:
    frame = pl.DataFrame({"k": ["a", "a"], "n": [1, 2]})
    assert SeriesTable(["k", "n"]).slots(frame).tolist() == [0, 1]
    assert SeriesTable([]).slots(frame).tolist() == [0, 0]


def test_a_table_made_from_its_keys_goes_on_numbering() -> None:
    frame = pl.DataFrame({"k": [1.5, float("nan"), -0.0, None, 0.0]})
    table = SeriesTable(["k"])
    assert table.slots(frame).tolist() == [0, 1, 2, 1, 2]
    again = SeriesTable(["k"], pickled(table.keys))
    assert again.slots(frame).tolist() == [0, 1, 2, 1, 2]
    assert again.slots(pl.DataFrame({"k": [7.0]})).tolist() == [3]

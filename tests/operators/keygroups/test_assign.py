import subprocess
import sys

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.keygroups import assign
from operators.keygroups.assign import KeyGroups

ROWS = st.lists(st.tuples(st.sampled_from(["a", "b", "c", None]), st.integers(0, 5)), max_size=50)


def _frame(rows: list[tuple[str | None, int]]) -> pl.DataFrame:
    schema = {"k": pl.String, "n": pl.Int64}
    return pl.DataFrame(rows, schema, orient="row").with_row_index()


def test_the_group_of_a_key_is_what_it_always_was() -> None:
    frame = pl.DataFrame({"k": ["a", "b", "c", "card-1", None, ""]})
    assert KeyGroups(8).of_frame(frame, ["k"]).tolist() == [0, 5, 7, 7, 2, 3]


def test_another_process_with_another_hash_seed_assigns_the_same() -> None:
    frame = pl.DataFrame({"k": [f"key-{i}" for i in range(50)], "n": range(50)})
    code = (
        "import polars as pl; from operators.keygroups.assign import KeyGroups;"
        "frame = pl.DataFrame({'k': [f'key-{i}' for i in range(50)], 'n': range(50)});"
        "print(KeyGroups(16).of_frame(frame, ['k', 'n']).tolist())"
    )
    other = subprocess.check_output([sys.executable, "-c", code], env={"PYTHONHASHSEED": "7"})
    assert KeyGroups(16).of_frame(frame, ["k", "n"]).tolist() == eval(other)  # noqa: S307 - a list of numbers


def test_types_of_keys_count() -> None:
    values = range(100)
    ints = KeyGroups(16).of_frame(pl.DataFrame({"k": values}), ["k"])
    texts = KeyGroups(16).of_frame(pl.DataFrame({"k": [str(value) for value in values]}), ["k"])
    assert (ints != texts).any()


def test_one_assigner_keeps_keys_of_several_types_apart() -> None:
    ints, bools = pl.DataFrame({"k": [1, 0]}), pl.DataFrame({"k": [True, False]})
    groups = KeyGroups(16)
    groups.of_frame(ints, ["k"])
    assert (groups.of_frame(bools, ["k"]) == KeyGroups(16).of_frame(bools, ["k"])).all()


@pytest.mark.parametrize("rows", [100, 20_000])
def test_few_and_many_rows_are_assigned_alike(rows: int) -> None:
    rng = np.random.default_rng(3)
    keys = rng.integers(0, 60, rows)
    frame = pl.DataFrame(
        {
            "k": [None if key == 7 else f"k{key}" for key in keys],
            "f": np.where(keys < 5, np.nan, -0.0),
        }
    )
    together = KeyGroups(16).of_frame(frame, ["k", "f"])
    groups = KeyGroups(16)
    alone = [groups.of_frame(frame[row], ["k", "f"])[0] for row in range(60)]
    assert together[:60].tolist() == alone


def test_keys_are_spread_over_the_groups() -> None:
    frame = pl.DataFrame({"k": [f"machine-{i}" for i in range(8_000)]})
    counts = np.bincount(KeyGroups(8).of_frame(frame, ["k"]), minlength=8)
    assert counts.min() > 900


def test_without_key_columns_all_rows_belong_to_group_0() -> None:
    frame = pl.DataFrame({"k": ["a", "b"]})
    assert KeyGroups(8).of_frame(frame, []).tolist() == [0, 0]
    ((group, part),) = KeyGroups(8).split(frame, [])
    assert group == 0
    assert part.equals(frame)


@given(ROWS, st.integers(1, 16))
def test_a_split_loses_nothing_and_keeps_the_order(
    rows: list[tuple[str | None, int]], groups: int
) -> None:
    frame = _frame(rows)
    parts = KeyGroups(groups).split(frame, ["k"])
    assert [group for group, _ in parts] == sorted({group for group, _ in parts})
    assert sum(part.height for _, part in parts) == frame.height
    for group, part in parts:
        assert part["index"].is_sorted()
        assert set(KeyGroups(groups).of_frame(part, ["k"])) == {group}
        assert part.equals(frame[part["index"]])


def test_the_memory_of_keys_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assign, "CACHED_KEYS", 10)
    groups = KeyGroups(8)
    for start in range(0, 100, 5):
        frame = pl.DataFrame({"k": range(start, start + 5)})
        assert (groups.of_frame(frame, ["k"]) == KeyGroups(8).of_frame(frame, ["k"])).all()
        assert all(len(known) <= 15 for known in groups._known.values())


@pytest.mark.parametrize("groups", [0, 17])
def test_other_numbers_of_groups_are_refused(groups: int) -> None:
    with pytest.raises(ValueError, match="allowed are 1 to 16"):
        KeyGroups(groups)

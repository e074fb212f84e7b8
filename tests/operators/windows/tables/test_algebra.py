"""However events are split and in whatever order the parts are merged, a table is the same."""

import random
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.windows.tables import frequencies, registers
from operators.windows.tables.edges import Edge
from operators.windows.tables.frequencies import Frequencies
from operators.windows.tables.histogram import Histogram
from operators.windows.tables.registers import Registers
from operators.windows.tables.table import Table
from tests.fuzz import times
from tests.operators.windows.tables.frames import BY, content, events, scalar
from tidegauge.batch import TIME

ROW = st.fixed_dictionaries(
    {
        "k": st.sampled_from("ab") | st.none(),
        TIME: st.integers(0, 3),
        "_partition": st.integers(0, 1),
        "s": st.none() | st.sampled_from("tuvwxyzé"),
        "i": st.none() | st.integers(-6, 6),
        "x": st.none() | st.floats(allow_nan=False, allow_infinity=False),
        "b": st.none() | st.booleans(),
    }
)
TABLES = [
    *(Histogram(scalar(sql)) for sql in ("i", "x")),
    *(Registers(scalar(sql)) for sql in ("s", "x", "b")),
    *(Frequencies(scalar(sql)) for sql in ("s", "x", "CASE WHEN b THEN i END")),
    *(Edge(scalar(sql), latest=latest) for latest in (False, True) for sql in ("s", "7")),
]


def merged_in_any_order(table: Table, frame: pl.DataFrame, chance: random.Random) -> pl.DataFrame:
    """Cuts the events, deals them out, and merges two of the tables until there is one."""
    order = list(range(frame.height))
    chance.shuffle(order)
    cuts = sorted(chance.choices(range(frame.height + 1), k=chance.randrange(5)))
    parts = [
        table.collect(frame[order[start:end]], BY)
        for start, end in zip([0, *cuts], [*cuts, frame.height], strict=True)
    ]
    while len(parts) > 1:
        chance.shuffle(parts)
        parts = [table.merge(pl.concat(parts[:2]), BY), *parts[2:]]
    return parts[0]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
@settings(max_examples=times(50))
@given(rows=st.lists(ROW, max_size=20), chance=st.randoms(use_true_random=False))
def test_any_split_and_order_gives_the_same_table(
    table: Table, rows: list[dict[str, Any]], chance: random.Random
) -> None:
    frame = events(rows)
    with pytest.MonkeyPatch.context() as patch:
        # So few that both forms of the tables, and the step between, are met.
        patch.setattr(registers, "EXACT", 3)
        patch.setattr(frequencies, "BOUND", 3)
        whole = table.collect(frame, BY)
        part = merged_in_any_order(table, frame, chance)
        again = table.merge(whole, BY)
    assert dict(whole.schema) == {"k": pl.String, **table.schema}
    assert content(table, whole) == content(table, part) == content(table, again)

"""Rows of Python as messages: none of them ends the flow."""

import pytest

from connectors.codecs.json_columns import JsonColumns
from operators.intake.intake import partition_intake
from operators.intake.plan import plan_intake
from operators.intake.rows import RowIntake, declare_rows
from tidegauge.errors import UserMistake

SOURCE = declare_rows(
    "rows",
    fields={"name": {"type": "string"}},
    event_time={"field": "ts", "format": "epoch_ms"},
)


def intake() -> RowIntake:
    return RowIntake(partition_intake(plan_intake("rows", SOURCE, JsonColumns), 1)(0, None), 0)


@pytest.mark.parametrize("value", ["\ud800", object(), {1: object()}, 10**400])
def test_what_is_no_json_is_a_dead_letter_and_the_rest_goes_on(value: object) -> None:
    rows = [{"ts": 1, "name": "a"}, {"ts": 2, "name": value}, {"ts": 3, "name": "b"}]
    batch = intake().take(rows, 10**13)
    assert batch.on_time["name"].to_list() == ["a", "b"]
    (letter,) = batch.dead_letters.rows(named=True)
    assert letter["offset"] == 1
    assert "'ts': 2" in letter["payload"] or "wrong_type" in letter["kind"]


def test_offsets_go_on_where_an_earlier_run_stopped() -> None:
    first = intake()
    first.take([{"ts": 1, "name": 5}], 10**13)
    offset, state = first.state
    again = partition_intake(plan_intake("rows", SOURCE, JsonColumns), 1)(0, state)
    batch = RowIntake(again, offset).take([{"ts": 1, "name": 5}], 10**13)
    assert batch.dead_letters["offset"].to_list() == [1]


def test_a_wrong_declaration_is_told() -> None:
    with pytest.raises(UserMistake, match="rows 'r'"):
        declare_rows("r", fields={"name": {"type": "text"}}, event_time={"field": "ts"})

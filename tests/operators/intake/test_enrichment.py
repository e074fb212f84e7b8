"""Events are enriched before they are filtered and anything is derived from them."""

from typing import Any

import polars as pl
import pytest

from connectors.codecs.json_columns import JsonColumns
from operators.enrichment.table import LookupTable
from operators.intake.plan import IntakePlan, plan_intake
from tests.operators.intake.stream import EVENT_TIME, make_intake, message, raw, take
from tidegauge.batch import PartitionState
from tidegauge.fieldtypes import FieldType
from tidegauge.spec.models import Source

FIELDS = {"card": {"type": "string"}, "amount": {"type": "float"}}


def lookup_table(key: str, **columns: list[Any]) -> LookupTable:
    """A table of texts and numbers."""
    rows = pl.DataFrame(columns)
    types = {
        name: FieldType.STRING if rows[name].dtype == pl.String else FieldType.FLOAT
        for name in columns
    }
    made = LookupTable("t", key, types)
    made.replace(rows)
    return made


@pytest.fixture
def cards() -> LookupTable:
    return lookup_table("card", card=["a", "b"], owner=["ann", "bob"])


@pytest.fixture
def plan(cards: LookupTable) -> IntakePlan:
    """Cards have owners, and owners limits."""
    owners = lookup_table("owner", owner=["ann", "zoe"], limit=[10.0, 20.0])
    source = Source.model_validate(
        {
            "kafka": {"topic": "t"},
            "fields": FIELDS,
            "event_time": EVENT_TIME,
            "enrich": {
                "cards": {"on": "card", "fields": ["owner"]},
                "owners": {"on": "owner", "fields": {"most": "limit"}},
            },
            "filter": "owner IS NOT NULL",
            "derive": {"over": "amount > most"},
        }
    )
    return plan_intake("s", source, JsonColumns, tables={"cards": cards, "owners": owners})


def event(card: str | None, amount: float = 11, ts: int = 1_000) -> bytes:
    """A message."""
    return message(ts=ts, card=card, amount=amount)


def test_columns_of_tables_are_there_for_the_next_table_for_filter_and_derive(
    plan: IntakePlan,
) -> None:
    batch = take(plan, event("a"), event("b"), event("c"), event(None), event("a", 5))
    assert batch.on_time.select("card", "owner", "most", "over").rows() == [
        ("a", "ann", 10.0, True),
        ("b", "bob", None, None),
        ("a", "ann", 10.0, False),
    ]
    assert batch.counts.filtered == 2


def test_corrections_are_enriched_too(plan: IntakePlan) -> None:
    batch = take(plan, event("a", ts=9_000), event("a", ts=5_000))
    assert batch.corrections["owner"].to_list() == ["ann"]


def test_batches_without_events_have_the_same_columns(plan: IntakePlan) -> None:
    intake = make_intake(plan)
    quiet = intake.quiet(PartitionState.IDLE)
    taken = intake.take(raw([event("a")]))
    assert quiet.on_time.schema == taken.on_time.schema == taken.corrections.schema


def test_each_batch_meets_the_newest_contents(plan: IntakePlan, cards: LookupTable) -> None:
    intake = make_intake(plan)
    first = intake.take(raw([event("a")]))
    cards.replace(pl.DataFrame({"card": ["a"], "owner": ["zoe"]}))
    second = intake.take(raw([event("a")], offset=1))
    assert first.on_time["owner"].to_list() == ["ann"]
    assert second.on_time.select("owner", "most").rows() == [("zoe", 20.0)]


def test_what_is_late_does_not_depend_on_tables(plan: IntakePlan, cards: LookupTable) -> None:
    messages = raw([event("c", ts=9_000), event("a", ts=1_000)])
    full = make_intake(plan).take(messages)
    cards.replace(cards.contents.rows.clear())
    empty = make_intake(plan).take(messages)
    assert full.progress == empty.progress
    assert full.dead_letters["kind"].to_list() == ["late"]

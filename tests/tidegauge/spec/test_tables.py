"""Mistakes in tables and in what sources get from them."""

from pathlib import Path

import pytest

from tests.tidegauge.spec.test_mistakes import cases, mistakes
from tidegauge.catalogue import catalogue_of, event_columns
from tidegauge.fieldtypes import FieldType
from tidegauge.spec.loader import parse_pipeline

GOOD = """\
version: 1
pipeline: payments
tables:
  customers:
    kafka: {topic: customers}
    key: id
    fields:
      id: {type: string}
      segment: {type: string}
      limit: {type: float, unit: currencyEUR, description: Most a day}
  shops: {file: shops.csv, key: shop, fields: {shop: {type: int}, city: {type: string}}}
sources:
  payments:
    kafka: {topic: payments}
    event_time: {field: ts, format: epoch_ms}
    fields:
      customer: {type: string}
      shop: {type: int}
      amount: {type: float}
    enrich:
      customers: {on: customer, fields: [segment, limit]}
      shops: {on: shop, fields: {town: city}}
    filter: segment <> 'test'
    derive: {over: amount > limit}
windows:
  spend:
    from: payments
    tumbling: {size: 10s}
    by: [town, segment]
    where: limit > 0
    select: {count: count(*), over: avg(over), most: max(limit)}
alerts:
  large: {when: payments.amount > 100, where: segment = 'gold'}
output:
  kafka: {topic: real-time-analytics}
"""


def test_the_good_file_has_none() -> None:
    assert mistakes(GOOD) == []


def test_columns_of_tables_are_columns_of_the_events() -> None:
    pipeline = parse_pipeline(GOOD, "f.yaml", Path(), {})
    columns = event_columns(pipeline.sources["payments"], pipeline.tables)
    assert list(columns) == ["customer", "shop", "amount", "segment", "limit", "town", "over"]
    assert columns["limit"] is FieldType.FLOAT
    signals = catalogue_of(pipeline)
    (limit,) = (column for column in signals["events.payments"].fields if column.name == "limit")
    assert (limit.unit, limit.description) == ("currencyEUR", "Most a day")
    assert [column.name for column in signals["spend"].tags] == ["town", "segment"]


@pytest.mark.parametrize(("old", "new", "mistake"), list(cases("table_mistakes.txt")))
def test_is_told_with_line_and_key_and_what_is_allowed(old: str, new: str, mistake: str) -> None:
    assert old in GOOD
    assert mistakes(GOOD.replace(old, new, 1)) == [mistake]


def test_a_test_names_files_for_tables_there_are(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").touch()
    tables = "{customers: x.jsonl, shops: y.csv, shop: x.jsonl}"
    test = f"tests:\n- {{events: x.jsonl, tables: {tables}, expect: {{}}}}\n"
    assert mistakes(GOOD + test, tmp_path) == [
        (
            "37: tests[0].tables.shop: unknown table 'shop' (did you mean shops?); "
            "allowed: customers, shops"
        ),
        (
            "37: tests[0].tables.shops: there is no file y.csv; allowed: a path relative to the "
            "pipeline file"
        ),
    ]

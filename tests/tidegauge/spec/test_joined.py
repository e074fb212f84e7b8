"""Windows over several sources: the columns that all of them have alike."""

from pathlib import Path

from tests.tidegauge.spec.test_mistakes import mistakes
from tidegauge.catalogue import catalogue_of, window_columns
from tidegauge.fieldtypes import FieldType
from tidegauge.spec.loader import parse_pipeline

GOOD = """\
version: 1
pipeline: payments
sources:
  cards:
    kafka: {topic: cards}
    event_time: {field: ts, format: epoch_ms}
    fields: {region: {type: string}, amount: {type: float}, terminal: {type: int}, n: {type: int}}
  transfers:
    kafka: {topic: transfers}
    event_time: {field: at, format: epoch_s}
    fields: {region: {type: string}, amount_ct: {type: int}, n: {type: string}}
    derive: {amount: amount_ct / 100}
windows:
  spend:
    from: [cards, transfers]
    tumbling: {size: 10s}
    by: [region]
    select: {count: count(*), amount: sum(amount)}
anomalies:
  odd: {on: spend.amount}
alerts:
  large: {when: spend.amount > 100, where: region <> 'x', summary: "{region}"}
"""


def test_the_good_file_has_none() -> None:
    assert mistakes(GOOD) == []


def test_columns_are_those_that_all_have_with_one_type() -> None:
    pipeline = parse_pipeline(GOOD, "f.yaml", Path(), {})
    columns = window_columns(pipeline, pipeline.windows["spend"])
    assert columns == {"region": FieldType.STRING, "amount": FieldType.FLOAT}
    assert [tag.name for tag in catalogue_of(pipeline)["odd"].tags] == ["anomaly", "region"]


def test_a_column_that_one_lacks_or_has_otherwise_is_unknown() -> None:
    for column in ("terminal", "n", "amount_ct"):
        assert mistakes(GOOD.replace("sum(amount)", f"sum({column})")) == [
            f"18: windows.spend.select.amount: unknown column '{column}'"
            + (" (did you mean amount?)" if column == "amount_ct" else "")
            + "; allowed: amount, region"
        ]


def test_sources_are_there_and_each_once() -> None:
    assert mistakes(GOOD.replace("[cards, transfers]", "[cards, transfer]"))[0] == (
        "15: windows.spend.from[1]: unknown source 'transfer' (did you mean transfers?); "
        "allowed: cards, transfers"
    )
    assert mistakes(GOOD.replace("[cards, transfers]", "[cards, cards]")) == [
        "15: windows.spend.from[1]: cards is here twice"
    ]
    assert mistakes(GOOD.replace("[cards, transfers]", "{a: b}"))[0] == (
        "15: windows.spend.from: must be the name of a source, or a list of several, such as [a, b]"
    )
    assert mistakes(GOOD.replace("[cards, transfers]", "[]"))[0].startswith(
        "15: windows.spend.from: "
    )


def test_a_misspelt_source_hides_no_other_mistake() -> None:
    """Columns are those of the source that was meant; none of one that is like no other."""
    wrong = GOOD.replace("sum(amount)", "sum(amuont)")
    found = mistakes(wrong.replace("[cards, transfers]", "[cards, transfer]"))
    assert [line.split(";")[0] for line in found] == [
        "15: windows.spend.from[1]: unknown source 'transfer' (did you mean transfers?)",
        "18: windows.spend.select.amount: unknown column 'amuont' (did you mean amount?)",
    ]
    found = mistakes(wrong.replace("[cards, transfers]", "[cards, wire]"))
    assert found[0].startswith("15: windows.spend.from[1]: unknown source 'wire'")
    assert not any("amuont" in line for line in found)

"""Whatever is in a topic, the file written about it has no mistakes and reads the sample."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.codecs.json_columns import JsonColumns
from tests.tidegauge.spec.inference.samples import NOON_MS, raw, sample_of
from tests.tidegauge.spec.inference.test_names import TOPICS
from tidegauge.spec.inference.draft import MOST_FIELDS, draft_pipeline
from tidegauge.spec.inference.render import render
from tidegauge.spec.inference.sample import read_objects
from tidegauge.spec.inference.time_names import sounds_like_time
from tidegauge.spec.loader import parse_pipeline
from tidegauge.spec.models import Pipeline

ODD = (
    *("", " ", "a b", "a.b", "a:b", 'a"b', "a'b", "a # b", "a\nb", "a\\b", "1", "-", "{x}", "[x]"),
    *("select", "order", "null", "true", "no", "~", "*", "^a$", "${HOME}", "$x", "x" * 300),
    *("_x", "_time_ns", "time_ns", "time", "event_time", "alert_level", "level", "state", "value"),
    *("count", "pipeline", "id", "summary", "field", "revision", "data_points", "amount_avg"),
    *("Größe", "金額", "😀", "\u2028", "\x00"),
)
TIMES = st.sampled_from(
    [
        NOON_MS,
        NOON_MS // 1_000,
        NOON_MS / 1_000,
        NOON_MS * 10**6,
        "2025-01-15T12:00:00",
        "2025-01-15",
    ]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**400), 10**400)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
    | st.sampled_from(["eu", "us"])
    | TIMES
)
VALUES = st.recursive(
    SCALARS, lambda part: st.lists(part, max_size=2) | st.dictionaries(st.text(), part, max_size=2)
)
KEYS = st.sampled_from(ODD) | st.text(max_size=8)
ALIKE = st.fixed_dictionaries({}, optional=dict.fromkeys(ODD, SCALARS))
SAME_TYPES = st.dictionaries(KEYS, st.sampled_from([1, 1.5, "eu", True, NOON_MS]), max_size=20).map(
    lambda value: [value] * 12
)
OBJECTS = (
    st.lists(st.dictionaries(KEYS, VALUES, max_size=8), max_size=12)
    | st.lists(ALIKE, max_size=12)
    | SAME_TYPES
)


def written(text: str) -> Pipeline:
    return parse_pipeline(text, "draft.yaml", Path(), {})


@given(TOPICS, OBJECTS)
def test_the_file_has_no_mistakes_and_reads_the_sample(
    topic: str, objects: list[dict[str, Any]]
) -> None:
    payloads: list[bytes | None] = [json.dumps(value).encode() for value in objects]
    text = render(draft_pipeline(topic, read_objects({0: raw(payloads)})), "./s.json", "a sample")
    pipeline = written(text)
    ((name, source),) = pipeline.sources.items()
    assert source.kafka.topic == topic
    # Faults are borne in large samples only, so all of these are read.
    fields = {field: declared.type for field, declared in source.fields.items()}
    assert not JsonColumns(fields).decode(payloads).undecodable
    assert pipeline.windows.keys() == {f"{name}_10s"}


@pytest.mark.parametrize("name", [name for name in ODD if name.isprintable() and name.strip()])
def test_an_odd_name_is_a_field_a_key_or_told_to_be_left_out(name: str) -> None:
    objects = [{"ts": NOON_MS, name: "eu" if row % 2 else "us"} for row in range(20)]
    draft = draft_pipeline("topic", sample_of(objects))
    written(render(draft, "./s.json", "a sample"))
    if name in draft.left_out:
        assert draft.left_out[name]
        return
    assert [field.name for field in draft.fields] == [name]
    if "${" not in name and not sounds_like_time(name):
        assert draft.key is not None
        assert draft.key.field == name


@pytest.mark.parametrize("name", ["state", "pipeline", "level", "id"])
def test_a_key_that_records_have_already_is_derived(name: str) -> None:
    objects = [{name: f"v{row % 4}", f"{name}_key": 1} for row in range(20)]
    pipeline = written(render(draft_pipeline("t", sample_of(objects)), "./s.json", "a sample"))
    (window,) = pipeline.windows.values()
    assert window.by == [f"{name}_key_2"]
    assert pipeline.sources["t"].derive == {f"{name}_key_2": f'"{name}"'}


@pytest.mark.parametrize(
    ("topic", "output"),
    [
        ("real-time-analytics", ("real-time-analytics-records", "critical-alerts")),
        ("critical-alerts", ("real-time-analytics", "critical-alerts-critical")),
        ("payments", ("real-time-analytics", "critical-alerts")),
    ],
)
def test_no_topic_is_read_and_written(topic: str, output: tuple[str, str]) -> None:
    pipeline = written(render(draft_pipeline(topic, sample_of([{"a": 1}])), "./s.json", "a sample"))
    assert pipeline.output.kafka is not None
    assert (pipeline.output.kafka.topic, pipeline.output.kafka.critical_topic) == output


def test_very_many_fields_are_cut_to_those_seen_most_often() -> None:
    rare = {f"rare{number}": 1 for number in range(2_000)}
    usual = {f"usual{number}": 1 for number in range(MOST_FIELDS)}
    draft = draft_pipeline("t", sample_of([rare | usual, usual]))
    assert [field.name for field in draft.fields] == list(usual)
    assert len(written(render(draft, "./s.json", "a sample")).sources["t"].fields) == MOST_FIELDS


def test_the_whole_file() -> None:
    rows = [
        {"ts": NOON_MS + 100 * row - 450 * (row % 7 == 3), "region": ["eu", "us", "asia"][row % 3]}
        | {"amount": 5 if row % 2 else 0.5 * row, "ok": row % 5 > 0, "order": row, "tags": [row]}
        for row in range(60)
    ]
    draft = draft_pipeline("shop.Orders", sample_of(rows[::2], rows[1::2]))
    text = render(draft, "./pipeline.schema.json", "60 of 60 messages")
    written(text)
    assert text == Path(__file__).with_name("orders.yaml").read_text(encoding="utf-8")

"""Messages: every payload becomes a row, or is refused with its position, kind and reason."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.codecs.journal_json import read_entry
from connectors.codecs.json_columns import JsonColumns
from operators.intake.plan import plan_intake
from operators.intake.sensitive import KeyedHash
from tests.fuzz import examples
from tests.operators.intake.stream import make_intake, raw
from tidegauge.errors import Stop
from tidegauge.fieldtypes import FieldType
from tidegauge.spec.models import Source

FIELDS = {"ts": "int", "s": "string", "i": "int", "f": "float", "b": "bool"}
FORMATS = ("iso8601", "epoch_s", "epoch_ms", "epoch_us", "epoch_ns")
HASH = KeyedHash("a key that only we know")

_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())
    | st.sampled_from(["2026-05-01T12:00:00Z", "0001-01-01", "9999-12-31T23:59:59.999999999+14:00"])
    | st.sampled_from([2**63, -(2**63) - 1, 10**400, 1e308, -0.0]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_documents = st.dictionaries(st.sampled_from([*FIELDS, "alert_level", "x"]), _values).map(
    json.dumps
)
_texts = (
    _documents.map(str.encode)
    | st.builds(
        lambda text, begin, end: text[begin:end].encode(),
        _documents,
        _at := st.integers(0, 40),
        _at,
    )
    | st.builds(lambda a, b: f"{a}{b}".encode(), _documents, _documents)
    | st.sampled_from([b"[" * 100_000, b'{"s":' * 50_000, b'{"i": 1' + b"0" * 5_000 + b"}"])
    | st.sampled_from(
        [b'{"s": "\\ud800"}', b'{"s": "\xff"}', b"\xef\xbb\xbf{}", b'{"s":"\\u0000"}']
    )
)
payloads = st.none() | st.binary(max_size=60) | _texts


@settings(max_examples=examples(150))
@given(st.lists(payloads, max_size=8))
def test_the_decoder_accounts_for_every_payload(batch: list[bytes | None]) -> None:
    decoder = JsonColumns({name: FieldType(kind) for name, kind in FIELDS.items()})
    decoded = decoder.decode(batch)
    assert decoded.frame.height + len(decoded.undecodable) == len(batch)
    assert all(bad.kind and bad.reason for bad in decoded.undecodable)


@pytest.mark.parametrize("time_format", FORMATS)
@settings(max_examples=examples(40))
@given(batch=st.lists(payloads, max_size=6))
def test_the_intake_accounts_for_every_payload(time_format: str, batch: list[bytes | None]) -> None:
    """Also of a source with sensitive fields, whose dead letters are put together anew."""
    kind = {"iso8601": "string", "epoch_ns": "int"}.get(time_format, "float")
    fields: dict[str, Any] = {name: {"type": type_} for name, type_ in FIELDS.items()}
    fields |= {"ts": {"type": kind}, "s": {"type": "string", "sensitive": True}}
    source = Source.model_validate(
        {
            "kafka": {"topic": "t"},
            "event_time": {"field": "ts", "format": time_format},
            "fields": fields,
        }
    )
    taken = make_intake(plan_intake("s", source, JsonColumns, hash_text=HASH)).take(raw(batch))
    rows = taken.on_time.height + taken.corrections.height + taken.dead_letters.height
    assert rows == len(batch) == taken.counts.read


@settings(max_examples=examples(150))
@given(payloads)
def test_an_entry_of_the_journal_is_read_or_passed_over(payload: bytes | None) -> None:
    with suppress(Stop):
        read_entry(payload)

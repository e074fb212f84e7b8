"""Of a sensitive field only a keyed hash leaves the intake, equal for equal values."""

import json
from hashlib import blake2b
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.codecs.json_columns import JsonColumns
from operators.enrichment.table import LookupTable
from operators.intake.intake import IntakePlan
from operators.intake.plan import plan_intake
from operators.intake.sensitive import REDACTED, KeyedHash, SensitiveFields
from tests.operators.intake.stream import EVENT_TIME, make_intake, message, take
from tidegauge.batch import RawBatch
from tidegauge.errors import UserMistake
from tidegauge.fieldtypes import FieldType
from tidegauge.spec.models import Source

HASH = KeyedHash("a key that only we know")
CARD = "4111-1111-1111-1111"
FIELDS = {"card": {"type": "string", "sensitive": True}, "v": {"type": "float"}}

jsons = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def plan(hash_text: KeyedHash | None = HASH, **source: Any) -> IntakePlan:
    declared = {"kafka": {"topic": "t"}, "fields": FIELDS, "event_time": EVENT_TIME, **source}
    return plan_intake("s", Source.model_validate(declared), JsonColumns, hash_text=hash_text)


def test_a_hash_is_keyed_blake2b() -> None:
    expected = blake2b(b"a", key=b"k" * 16, digest_size=16, person=b"tidegauge-field").hexdigest()
    assert KeyedHash("k" * 16)("a") == expected
    assert KeyedHash("x" * 16)("a") != expected


def test_a_key_longer_than_the_algorithm_takes_counts_to_its_end() -> None:
    assert KeyedHash("k" * 100 + "a")("text") != KeyedHash("k" * 100 + "b")("text")


def test_equal_values_have_equal_hashes_and_null_stays_null() -> None:
    batch = take(plan(), *(message(ts=1, card=card) for card in (CARD, None, "", CARD)))
    cards = batch.on_time["card"].to_list()
    assert cards == [HASH(CARD), None, HASH(""), HASH(CARD)]


def test_filter_derived_columns_and_process_see_the_hash() -> None:
    made = plan(filter="card is not null", derive={"copy": "card"}, process=f"{__name__}:doubled")
    batch = take(made, message(ts=1, card=CARD, v=2), message(ts=1, v=3))
    assert batch.on_time.select("card", "copy", "v").rows() == [(HASH(CARD), HASH(CARD), 4.0)]


def doubled(frame: pl.DataFrame) -> pl.DataFrame:
    assert CARD not in frame["card"].to_list()
    return frame.with_columns(pl.col("v") * 2)


def test_tables_are_looked_into_by_the_value_and_their_sensitive_columns_are_hashed() -> None:
    columns = {"card": FieldType.STRING, "owner": FieldType.STRING}
    table = LookupTable("cards", "card", columns)
    table.replace(pl.DataFrame({"card": [CARD], "owner": ["Ada"]}))
    source = {
        "kafka": {"topic": "t"},
        "fields": FIELDS,
        "event_time": EVENT_TIME,
        "enrich": {"cards": {"on": "card", "fields": ["owner"]}},
    }
    made = plan_intake(
        "s",
        Source.model_validate(source),
        JsonColumns,
        tables={"cards": table},
        sensitive={"owner": ""},
        hash_text=HASH,
    )
    batch = take(made, message(ts=1, card=CARD))
    assert batch.on_time.select("card", "owner").rows() == [(HASH(CARD), HASH("Ada"))]


def test_without_a_key_nothing_starts() -> None:
    with pytest.raises(UserMistake, match=r"sources\.s: card: .* set TIDEGAUGE_HASH_KEY") as error:
        plan(None)
    assert "\n" not in str(error.value)


def test_a_dead_letter_shows_declared_fields_with_hashes() -> None:
    refused = message(ts=1, card=CARD, v="wrong", note=CARD, ids=[CARD])
    letters = take(plan(), refused).dead_letters
    assert letters["encoding"].to_list() == ["redacted"]
    assert json.loads(letters["payload"][0]) == {"ts": 1, "card": HASH(CARD), "v": "wrong"}


def test_a_sensitive_value_of_another_type_is_hashed_too() -> None:
    letters = take(plan(), message(ts=1, card=4111)).dead_letters
    assert json.loads(letters["payload"][0]) == {"ts": 1, "card": HASH("4111")}


@pytest.mark.parametrize("payload", [b"broken " + CARD.encode(), b'["' + CARD.encode() + b'"]'])
def test_of_what_is_no_object_nothing_is_kept(payload: bytes) -> None:
    letters = take(plan(), payload).dead_letters
    assert letters.select("payload", "encoding").rows() == [(None, "withheld")]
    assert letters["offset"].to_list() == [0]


def test_of_a_key_its_hash_is_kept() -> None:
    keys = [CARD.encode(), None, b"\xff"]
    letters = make_intake(plan()).take(RawBatch([b"{"] * 3, range(3), [1] * 3, keys)).dead_letters
    assert letters.select("key", "key_encoding").rows() == [
        (HASH(CARD), "redacted"),
        (None, None),
        (None, "withheld"),
    ]


@given(st.dictionaries(st.sampled_from(["ts", "card", "v", "other"]), jsons), st.integers(0, 1))
def test_no_value_of_a_sensitive_field_gets_out(fields: dict[str, Any], missing: int) -> None:
    """Whatever else is wrong with the message."""
    payload = json.dumps(fields | {"card": CARD, "other": {"card": CARD}}).encode()
    batch = take(plan(), payload[: len(payload) - missing])
    for frame in (batch.on_time, batch.corrections, batch.dead_letters):
        assert CARD not in repr(frame.rows())


def test_a_salt_makes_other_hashes_and_none_makes_those_of_before() -> None:
    assert KeyedHash("k" * 16).salted("")("a") == KeyedHash("k" * 16)("a")
    hashes = {KeyedHash("k" * 16, salt)("a") for salt in ("", "a", "b", "x" * 64)}
    assert len(hashes) == 4
    assert HASH.salted("b")("a") == HASH.salted("a").salted("b")("a")


def test_fields_of_other_salts_have_hashes_that_cannot_be_linked() -> None:
    fields = SensitiveFields({"card": "card", "owner": "", "holder": ""}, (), HASH)
    frame = fields.hashed(pl.DataFrame({name: ["4111"] for name in ("card", "owner", "holder")}))
    assert frame["owner"].to_list() == frame["holder"].to_list() == [HASH("4111")]
    assert frame["card"].to_list() == [HASH.salted("card")("4111")]
    payload, encoding = fields.payload(b'{"card": "4111", "owner": "4111"}')
    assert encoding == REDACTED
    assert payload is not None
    assert json.loads(payload) == {"card": frame["card"][0], "owner": frame["owner"][0]}

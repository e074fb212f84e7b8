"""What messages make of a table: the newest of each key, as replaying them one by one says."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from connectors.tables.changes import Newest, Rows
from tidegauge.spec.models import Table


def table(kind: str = "string") -> Table:
    """A table with the key `k` of some type and a column `v`."""
    fields = {"k": {"type": kind}, "v": {"type": "int"}}
    return Table.model_validate({"kafka": {"topic": "t"}, "key": "k", "fields": fields})


def newest(**values: Any) -> dict[bytes, Newest]:
    """Messages by key; None is a tombstone, bytes are as they are."""
    return {key.encode(): Newest(_bytes(value), f"t-0 {key}") for key, value in values.items()}


def _bytes(value: Any) -> bytes | None:
    if value is None or isinstance(value, bytes):
        return value
    return json.dumps(value).encode()


def content(rows: Rows) -> dict[Any, Any]:
    """Column `v` by key."""
    return dict(rows.frame.select("k", "v").rows())


@given(
    st.lists(
        st.dictionaries(st.sampled_from("abc"), st.none() | st.integers(-9, 9), max_size=3),
        max_size=6,
    )
)
def test_rows_are_the_newest_of_each_key(batches: list[dict[str, int | None]]) -> None:
    rows, expected = Rows(table()), dict[str, int]()
    for batch in batches:
        messages = {key: None if v is None else {"v": v} for key, v in batch.items()}
        assert rows.apply(newest(**messages)) == []
        expected.update({key: v for key, v in batch.items() if v is not None})
        for key in [key for key, v in batch.items() if v is None]:
            expected.pop(key, None)
        assert content(rows) == expected


def test_the_key_comes_from_the_value_where_it_is_there() -> None:
    rows = Rows(table())
    assert rows.apply(newest(a={"k": "x", "v": 1}, b={"v": 2})) == []
    assert content(rows) == {"x": 1, "b": 2}
    rows.apply(newest(a=None))
    assert content(rows) == {"b": 2}


def test_of_two_messages_with_the_same_key_column_the_later_counts() -> None:
    rows = Rows(table())
    rows.apply(newest(a={"k": "x", "v": 1}, b={"k": "x", "v": 2}))
    assert content(rows) == {"x": 2}
    rows.apply(newest(a={"k": "x", "v": 3}))
    assert content(rows) == {"x": 3}
    rows.apply(newest(a=None))
    assert content(rows) == {"x": 2}


def test_a_whole_number_can_be_the_message_key() -> None:
    rows = Rows(table("int"))
    wrong = rows.apply(newest(**{"17": {"v": 1}, "x": {"v": 2}}))
    assert content(rows) == {17: 1}
    assert wrong == ["t-0 x: no k in the value, and the message's key is no int"]


def test_a_row_stays_where_the_new_one_is_wrong() -> None:
    rows = Rows(table())
    rows.apply(newest(a={"v": 1}, b={"v": 2}, c={"v": 3}))
    wrong = rows.apply(newest(a={"v": "x"}, b=b"{", c={"v": 4}))
    assert content(rows) == {"a": 1, "b": 2, "c": 4}
    assert [line.split(": ")[0] for line in wrong] == ["t-0 a", "t-0 b"]


@given(st.dictionaries(st.binary(max_size=9), st.sampled_from(["key", "no key"]), max_size=5))
def test_message_keys_are_bytes_and_the_rows_of_other_messages_are_used(
    keys: dict[bytes, str],
) -> None:
    rows = Rows(table())
    values = {"key": b'{"k": "in the value", "v": 1}', "no key": b'{"v": 2}'}
    wrong = rows.apply({key: Newest(values[kind], f"t-0 {key!r}") for key, kind in keys.items()})
    texts = {}
    for key, kind in keys.items():
        try:
            texts[key.decode() if kind == "no key" else "in the value"] = 1 + (kind == "no key")
        except UnicodeDecodeError:
            assert any(
                repr(key) in line and "the message's key is no string" in line for line in wrong
            )
    assert content(rows) == texts


def test_a_text_key_of_a_table_by_numbers_is_read_as_one() -> None:
    rows = Rows(table("int"))
    said = rows.apply({b"12": Newest(b'{"v": 1}', "t-0"), bytes(8): Newest(b'{"v": 2}', "t-1")})
    assert content(rows) == {12: 1}
    assert said == ["t-1: no k in the value, and the message's key is no int"]


def test_a_row_that_is_too_large_leaves_the_row_before_as_it_was() -> None:
    limits = {"message_bytes": 90, "text_bytes": 20, "key_bytes": 5}
    fields = {"k": {"type": "string"}, "v": {"type": "int"}, "text": {"type": "string"}}
    declared = {"kafka": {"topic": "t"}, "key": "k", "fields": fields, "limits": limits}
    rows = Rows(Table.model_validate(declared), "tables.x")
    assert rows.apply(newest(a={"v": 1}, b={"v": 2}, c={"v": 3}, d={"v": 4})) == []
    wrong = rows.apply(
        {
            **newest(a={"v": 5, "text": "x" * 21}, b={"v": 5, "pad": "x" * 90}),
            **newest(c={"v": 5, "k": "kkkkkk"}, d={"v": 5}, kkkkkk={"v": 6}),
        }
    )
    assert sorted(wrong) == [
        "t-0 a: text has 21 bytes, allowed are 20 (tables.x.limits.text_bytes)",
        "t-0 b: the message has 109 bytes, allowed are 90 (tables.x.limits.message_bytes)",
        "t-0 c: k has 6 bytes, allowed are 5 (tables.x.limits.key_bytes)",
        "t-0 kkkkkk: the message's key has 6 bytes, allowed are 5 (tables.x.limits.key_bytes)",
    ]
    assert content(rows) == {"a": 1, "b": 2, "c": 3, "d": 5}

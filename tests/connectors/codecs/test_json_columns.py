import itertools
import json
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.codecs.json_columns import JsonColumns
from tidegauge.decoding import Decoded
from tidegauge.errors import UserMistake
from tidegauge.fieldtypes import FieldType

FIELDS = {
    "s": FieldType.STRING,
    "i": FieldType.INT,
    "f": FieldType.FLOAT,
    "b": FieldType.BOOL,
}
INT64 = "-9223372036854775808 to 9223372036854775807"
GOOD = b'{"s": "a", "i": 1, "f": 0.5, "b": true}'


def decode(*payloads: bytes | None) -> Decoded:
    return JsonColumns(FIELDS).decode(list(payloads))


def fault(payload: bytes | None) -> tuple[str, str]:
    """Kind and reason of the fault of a message that stands between two good ones."""
    decoded = decode(GOOD, payload, GOOD)
    assert decoded.frame.equals(decode(GOOD, GOOD).frame)
    (bad,) = decoded.undecodable
    assert bad.position == 1
    return bad.kind, bad.reason


def test_a_message_becomes_a_row_of_typed_columns() -> None:
    frame = decode(GOOD).frame
    assert frame.schema == {name: kind.dtype for name, kind in FIELDS.items()}
    assert frame.rows() == [("a", 1, 0.5, True)]


def test_no_messages_give_no_rows_of_the_same_columns() -> None:
    assert decode().frame.schema == decode(GOOD).frame.schema
    assert decode().frame.height == 0


@pytest.mark.parametrize(
    "payload", [b"{}", b'{"s": null, "i": null, "f": null, "b": null}', b'{"x": 1}']
)
def test_absent_keys_and_nulls_are_null_and_unknown_keys_are_ignored(payload: bytes) -> None:
    assert decode(payload).frame.rows() == [(None, None, None, None)]


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b" ",
        b"\n",
        b"{",
        b'{"s": "a"',
        b'{"s": "a",}',
        b"{'s': 'a'}",
        b"{s: 1}",
        b"nul",
        b"hello",
        b"{} {}",
        b"{}\n{}",
        b"{}{}",
        b"{} x",
        b'{"f": NaN}',
        b'{"f": Infinity}',
        b'{"i": 01}',
        b'{"i": +1}',
        b'{"s": "a\x00b"}',
        b"\xef\xbb\xbf{}",
        b"\x00",
        b"\xff\xfe{\x00}\x00",
        b'{"s": "\xff"}',
        b'{"s": "\xed\xa0\x80"}',
        b'{"s": "\\ud800"}',
        b'{"s": "\\udc00"}',
        b'{"s": "\\ud800\\u0041"}',
        b'{"s": "\\x41"}',
        b'{"x": "\\ud800"}',
        b'{"x": ' + b"[" * 100_000,
        b'{"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"x": ' + b'{"x": ' * 50_000 + b"1" + b"}" * 50_001,
    ],
    ids=lambda payload: repr(payload[:20]),
)
def test_what_is_no_single_json_document_is_broken(payload: bytes) -> None:
    kind, reason = fault(payload)
    assert kind == "broken"
    assert reason
    assert "\n" not in reason


@pytest.mark.parametrize("where", ['{{"s": "{}"}}', '{{"x": "{}"}}', '{{"{}": 1}}'])
@pytest.mark.parametrize("text", ["\\ud800", "\\ud800x", "\\udfff", "\\ud800\\u0041"])
def test_half_of_a_surrogate_pair_is_not_called_an_early_end(text: str, where: str) -> None:
    kind, reason = fault(where.format(text).encode())
    assert kind == "broken"
    assert "surrogate pair" in reason
    assert "ends too early" not in reason


def test_a_message_that_is_cut_off_ends_too_early() -> None:
    assert fault(b'{"s": "a\\ud8') == ("broken", "JSON is malformed: it ends too early")


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b'{"x": ' + b"[" * 100_000, "JSON is nested too deeply"),
        (b'{"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "JSON is nested too deeply"),
        (b'{"s": 1, "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "JSON is nested too deeply"),
        (
            b"\xef\xbb\xbf" + GOOD,
            "the message begins with a byte order mark, allowed is UTF-8 without one",
        ),
        (GOOD.decode().encode("utf-16"), "the message is UTF-16, allowed is UTF-8"),
        (GOOD.decode().encode("utf-16-le"), "the message is UTF-16, allowed is UTF-8"),
        (GOOD.decode().encode("utf-16-be"), "the message is UTF-16, allowed is UTF-8"),
        (GOOD.decode().encode("utf-32"), "the message is UTF-32, allowed is UTF-8"),
        (GOOD.decode().encode("utf-32-be"), "the message is UTF-32, allowed is UTF-8"),
        (b"\x00\x00\x00\x00\x05" + GOOD, "JSON is malformed: invalid character (byte 0)"),
        (b"\x08\x00\x12\x05", "JSON is malformed: invalid character (byte 0)"),
    ],
    ids=lambda value: repr(value[-20:]),
)
def test_depth_and_encoding_are_told_as_what_they_are(payload: bytes, reason: str) -> None:
    assert fault(payload) == ("broken", reason)


@pytest.mark.parametrize("text", ["1e400", "-1e400", "9" * 500, "1.5", '"9"', "{}"])
def test_a_lenient_integer_of_another_value_is_absent_and_the_message_is_read(text: str) -> None:
    columns = JsonColumns({"s": FieldType.STRING, "l": FieldType.INT}, lenient=["l"])
    decoded = columns.decode([f'{{"l": {text}, "s": "a"}}'.encode()])
    assert (decoded.frame.rows(), decoded.undecodable) == ([("a", None)], [])
    assert decoded.aside == {"l": [0]}


def test_a_lenient_integer_may_be_written_with_a_fraction_of_nothing() -> None:
    columns = JsonColumns({"l": FieldType.INT}, lenient=["l"])
    assert columns.decode([b'{"l": 8.0}', b'{"l": 8}']).frame["l"].to_list() == [8, 8]


def test_an_empty_message_and_a_tombstone_are_told_apart() -> None:
    assert fault(b"") == ("broken", "an empty message")
    assert fault(None) == ("tombstone", "a message without a value")


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b'{"s": 1}', "s is an int, allowed is string"),
        (b'{"s": 1.5}', "s is a float, allowed is string"),
        (b'{"s": 1.0}', "s is a float, allowed is string"),
        (b'{"s": 1e2}', "s is a float, allowed is string"),
        (b'{"s": true}', "s is a bool, allowed is string"),
        (b'{"s": ["a"]}', "s is an array, allowed is string"),
        (b'{"i": "1"}', "i is a string, allowed is int"),
        (b'{"i": 1.5}', "i is a float, allowed is int"),
        (b'{"i": 1e-2}', "i is a float, allowed is int"),
        (b'{"i": true}', "i is a bool, allowed is int"),
        (b'{"i": 9223372036854775808}', f"i is outside of the range of int, {INT64}"),
        (b'{"i": -9223372036854775809}', f"i is outside of the range of int, {INT64}"),
        (b'{"i": 1e999}', f"i is outside of the range of int, {INT64}"),
        (b'{"i": 1e19}', f"i is outside of the range of int, {INT64}"),
        (b'{"f": "1.5"}', "f is a string, allowed is float"),
        (b'{"f": false}', "f is a bool, allowed is float"),
        (b'{"f": {}}', "f is an object, allowed is float"),
        (b'{"f": 1e999}', "f is outside of the range of float"),
        (b'{"b": 1}', "b is an int, allowed is bool"),
        (b'{"b": 1.0}', "b is a float, allowed is bool"),
        (b'{"b": "true"}', "b is a string, allowed is bool"),
        (b'{"i": 1.0, "f": "x"}', "f is a string, allowed is float"),
        (b"null", "the message is null, allowed is an object"),
        (b"[]", "the message is an array, allowed is an object"),
        (b'[{"s": "a"}]', "the message is an array, allowed is an object"),
        (b"1.0", "the message is a float, allowed is an object"),
        (b" 1", "the message is an int, allowed is an object"),
        (b'"a"', "the message is a string, allowed is an object"),
        (b"true", "the message is a bool, allowed is an object"),
    ],
)
def test_json_of_another_type_is_named(payload: bytes, reason: str) -> None:
    assert fault(payload) == ("wrong_type", reason)


@pytest.mark.parametrize(
    ("payload", "row"),
    [
        (b'{"i": 9223372036854775807}', (None, 2**63 - 1, None, None)),
        (b'{"i": -9223372036854775808}', (None, -(2**63), None, None)),
        (b'{"i": 1.0}', (None, 1, None, None)),
        (b'{"i": -1e2}', (None, -100, None, None)),
        (b'{"i": 9007199254740993.0}', (None, 2**53 + 1, None, None)),
        (b'{"i": 9.223372036854775807e18}', (None, 2**63 - 1, None, None)),
        (b'{"i": 10e-1, "s": "a", "f": 2, "b": true}', ("a", 1, 2.0, True)),
        (b'{"f": 1}', (None, None, 1.0, None)),
        (b'{"f": -0.0}', (None, None, -0.0, None)),
        (b'{"f": 18446744073709551616}', (None, None, 2.0**64, None)),
        (b'{"f": 1e-400}', (None, None, 0.0, None)),
        (b'{"s": ""}', ("", None, None, None)),
        (b'{"s": "a\\u0000b"}', ("a\0b", None, None, None)),
        (b'{"s": "\\ud83d\\ude00\xc3\xbc"}', ("😀ü", None, None, None)),
        (b'{"s": "a", "s": "b"}', ("b", None, None, None)),
        (b'{"\\u0073": "a"}', ("a", None, None, None)),
        (b'{"S": "a"}', (None, None, None, None)),
        (b' {"s" : "a"}\n', ("a", None, None, None)),
    ],
)
def test_the_edges_of_what_is_allowed(payload: bytes, row: tuple[Any, ...]) -> None:
    assert decode(payload).frame.rows() == [row]


@pytest.mark.parametrize(
    "name",
    ["a b", "ü", "a.b", "a/b", "f0", "f1", "class", "__class__", "_x", "0", "$", "日本", "a'b"],
)
def test_any_printable_key_can_be_a_column(name: str) -> None:
    fields = {name: FieldType.INT, "other": FieldType.STRING}
    payload = json.dumps({name: 7, "other": "x"}).encode()
    decoded = JsonColumns(fields).decode([payload])
    assert decoded.frame.to_dict(as_series=False) == {name: [7], "other": ["x"]}


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\nb"])
def test_a_key_that_json_writes_with_a_backslash_is_refused_before_anything_is_read(
    name: str,
) -> None:
    with pytest.raises(UserMistake, match="cannot be read from JSON: allowed are names without"):
        JsonColumns({name: FieldType.INT})


def test_many_faults_in_a_row_keep_their_positions() -> None:
    payloads = [None, b"", GOOD, b"[]", None, GOOD, b'{"i": "x"}', b"{"]
    decoded = decode(*payloads)
    assert [bad.position for bad in decoded.undecodable] == [0, 1, 3, 4, 6, 7]
    assert decoded.frame.height == 2


MESSAGES = st.one_of(
    st.none(),
    st.sampled_from([b"", b"{", b"{}{}", b"null", b'{"i": "x"}', b'{"s": "\xff"}', GOOD]),
    st.binary(max_size=12),
    st.fixed_dictionaries(
        {},
        optional={
            "s": st.text(max_size=4) | st.none(),
            "i": st.integers(-(2**70), 2**70) | st.floats(),
            "f": st.floats() | st.integers(),
            "b": st.booleans() | st.none() | st.integers(0, 1),
            "x": st.lists(st.integers(), max_size=2),
        },
    ).map(lambda document: json.dumps(document).encode()),
)


@given(st.lists(MESSAGES, max_size=20), st.lists(st.integers(0, 20), max_size=5))
def test_any_split_of_the_messages_gives_the_same(
    payloads: list[bytes | None], cuts: list[int]
) -> None:
    whole = decode(*payloads)
    assert whole.frame.height + len(whole.undecodable) == len(payloads)
    edges = [0, *sorted(min(cut, len(payloads)) for cut in cuts), len(payloads)]
    frames, undecodable = [], []
    for start, stop in itertools.pairwise(edges):
        part = decode(*payloads[start:stop])
        frames.append(part.frame)
        undecodable += [(start + bad.position, bad.kind, bad.reason) for bad in part.undecodable]
    assert pl.concat(frames).equals(whole.frame)
    assert undecodable == [(bad.position, bad.kind, bad.reason) for bad in whole.undecodable]


@given(st.lists(st.fixed_dictionaries({"s": st.text(), "i": st.integers(-(2**63), 2**63 - 1)})))
def test_what_was_written_is_what_is_read(documents: list[dict[str, Any]]) -> None:
    payloads: list[bytes | None] = [
        json.dumps(one, ensure_ascii=False).encode() for one in documents
    ]
    frame = JsonColumns({"s": FieldType.STRING, "i": FieldType.INT}).decode(payloads).frame
    assert frame.to_dicts() == documents


def test_a_lenient_integer_of_another_type_counts_as_absent() -> None:
    decoder = JsonColumns({"level": FieldType.INT}, {"level"})
    texts = [b'{"level": 9}', b'{"level": "high"}', b'{"level": 9.5}', b'{"level": true}', b"{}"]
    huge = b'{"level": 99999999999999999999}'
    decoded = decoder.decode([*texts, b'{"level": [1]}', huge])
    assert decoded.frame["level"].to_list() == [9, None, None, None, None, None, None]
    assert not decoded.undecodable
    assert decoded.aside == {"level": [1, 2, 3, 5, 6]}

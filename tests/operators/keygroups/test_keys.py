import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from operators.keygroups.keys import Key, key_bytes, key_list

PARTS = st.none() | st.text() | st.integers() | st.booleans() | st.floats(allow_nan=False)
KEYS = PARTS | st.tuples() | st.tuples(PARTS, PARTS) | st.tuples(PARTS, PARTS, PARTS)


def _typed(key: Key) -> object:
    parts = key if isinstance(key, tuple) else (key,)
    return [(type(part), repr(part)) for part in parts]


@given(KEYS, KEYS)
def test_different_keys_have_different_bytes(one: Key, other: Key) -> None:
    assert (key_bytes(one) == key_bytes(other)) == (_typed(one) == _typed(other))


def test_the_bytes_of_a_key_are_what_they_always_were() -> None:
    assert key_bytes("é") == b"s2:\xc3\xa9"
    assert key_bytes(("a", 12, None, True)) == b"s1:ai12;nb1"
    assert key_bytes(1.5) == b"f?\xf8" + bytes(6)


def test_one_column_gives_values_and_several_give_tuples() -> None:
    frame = pl.DataFrame({"a": ["x", None], "b": [1, 2]})
    assert key_list(frame, ["a"]) == ["x", None]
    assert key_list(frame, ["a", "b"]) == [("x", 1), (None, 2)]
    assert key_list(frame, []) == [(), ()]


def test_floats_compare_as_numbers() -> None:
    frame = pl.DataFrame({"a": [0.0, -0.0, float("nan"), None]})
    assert list(map(repr, key_list(frame, ["a"]))) == ["0.0", "0.0", "None", "None"]

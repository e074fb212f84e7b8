import os
import pickle
import sys
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.recovery.inert import Inert, found_in, read_inert, size_of
from operators.keygroups.pieces import Piece, Place
from tidegauge.batch import PartitionState
from tidegauge.errors import Reject


@dataclass(frozen=True, slots=True)
class Slotted:
    one: int
    two: str


class Named(NamedTuple):
    one: int


class Evil:
    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self._path),)


def test_nothing_is_called(tmp_path: Path) -> None:
    path = tmp_path / "made"
    found = read_inert(pickle.dumps({"a": Evil(path)}))
    assert not path.exists()
    assert found["a"].name == "posix.mkdir"
    assert found["a"].args == (str(path),)


@pytest.mark.parametrize("protocol", range(6))
def test_objects_are_told_by_name_and_content(protocol: int) -> None:
    values = [Slotted(1, "x"), Named(2), PartitionState.IDLE, OrderedDict(a=3), {4}, np.arange(3)]
    slotted, named, state, ordered, numbers, array = read_inert(pickle.dumps(values, protocol))
    if protocol >= 2:
        assert (slotted.kind, list(slotted.state)) == ("Slotted", [1, "x"])
        assert 2 in [*named.args, named.state]
    assert "idle" in [*state.args, state.state]
    assert isinstance(ordered, Inert)
    assert isinstance(array, Inert)
    assert numbers == {4} or isinstance(numbers, Inert)


def test_pieces_and_sizes_are_found() -> None:
    piece = Piece("x")
    piece.keep(Place(7, 0, 100, 5))
    inline = Piece(pl.DataFrame({"a": ["long text" * 100]}))
    read = read_inert(pickle.dumps({"panes": [piece, inline]}, protocol=5))
    assert [place.state[2] for place in found_in(read, "Place")] == [100]
    assert size_of(read) > 900


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(),
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(PLAIN, st.integers(3, 5))
def test_plain_data_comes_back_as_it_was(value: Any, protocol: int) -> None:
    """Older protocols name a function to make bytes."""
    assert read_inert(pickle.dumps(value, protocol)) == value


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A pickle of objects of every sort, with one byte changed."""
    value = [Slotted(1, "x"), Named(2), PartitionState.IDLE, draw(PLAIN), np.arange(2)]
    data = bytearray(pickle.dumps(value, draw(st.integers(0, 5))))
    data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    return bytes(data)


@given(st.binary(max_size=200) | damaged())
def test_any_bytes_are_read_or_refused_with_a_reason_and_import_nothing(data: bytes) -> None:
    imported = set(sys.modules)
    try:
        found = repr(read_inert(data))
    except Reject as error:
        found = error.reason
        assert found.startswith("is no saved state (")
    assert found
    assert set(sys.modules) == imported


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b".",
        b"no pickle at all",
        b"\x80\x05",
        b"\x80\xff.",
        b"h\x07.",
        b"(.",
        b"cos\nsystem\n",
        b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7f.",
        b"Pname\n.",
        b"\x80\x04}]K\x01s.",
        b"\x80\x04K\x01K\x02a.",
        b"\x80\x04\x95\x00\x00\x00\x00\x00\x00\x00\xed.",
        b"\x80\x04\x8c\x01\xff.",
        b"I" + b"9" * 9_999 + b"\n.",
        b"\x80\x02Nr\x00\x00\x00\x04.",
        b"Np67108864\n.",
        pickle.dumps([1])[:-1],
        pickle.dumps({"a": 1}, 0)[1:],
    ],
)
def test_what_is_no_pickle_is_refused_with_a_reason(data: bytes) -> None:
    with pytest.raises(Reject, match="is no saved state"):
        read_inert(data)


def test_a_truncated_pickle_is_refused() -> None:
    with pytest.raises(Reject, match="is no saved state"):
        read_inert(pickle.dumps({"a": list(range(1000))})[:-10])

"""Saved state that is only looked at: nothing of it is run, and any bytes are told of."""

import os
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.recovery.inert import Inert, found_in, read_inert, size_of
from operators.keygroups.pieces import Piece, Place
from tests.tidegauge.test_savedstate import PLAIN, resealed
from tidegauge.batch import Counts, PartitionState
from tidegauge.errors import Reject
from tidegauge.savedstate import dumps


class Evil:
    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self._path),)


def kept(value: Any) -> bytes:
    """What the engine keeps of a state."""
    return pickle.dumps(dumps(value), protocol=4)


@pytest.mark.parametrize("inside", [True, False])
def test_nothing_is_called(tmp_path: Path, *, inside: bool) -> None:
    path = tmp_path / "made"
    data = pickle.dumps({"a": Evil(path)})
    with pytest.raises(Reject, match=r"names posix\.mkdir|not in the format of this program"):
        read_inert(pickle.dumps(resealed(data)) if inside else data)
    assert not path.exists()


def test_objects_are_told_by_kind_and_what_they_are_made_of() -> None:
    values = [Counts(7, 6), PartitionState.IDLE, {4}, np.arange(3), None]
    counts, state, numbers, array, nothing = read_inert(kept(values))
    assert (counts.kind, counts.parts[:2]) == ("Counts", (7, 6))
    assert state == Inert("PartitionState", ("idle",))
    assert (array.kind, numbers, nothing) == ("array", {4}, None)


def test_pieces_and_sizes_are_found() -> None:
    piece = Piece("x")
    piece.keep(Place(7, 0, 100, 5))
    inline = Piece(pl.DataFrame({"a": ["long text" * 100]}))
    read = read_inert(kept({"panes": [piece, inline]}))
    assert [place.parts[2] for place in found_in(read, "Place")] == [100]
    assert size_of(read) > 900


@given(PLAIN)
def test_plain_data_comes_back_as_it_was(value: Any) -> None:
    assert read_inert(kept(value)) == value


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """What is kept of objects of every sort, with one byte changed."""
    value = [Counts(1), PartitionState.IDLE, draw(PLAIN), np.arange(2)]
    sealed = resealed if draw(st.booleans()) else bytes
    data = bytearray(dumps(value)[12:] if sealed is resealed else kept(value))
    data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    return pickle.dumps(resealed(bytes(data))) if sealed is resealed else bytes(data)


@given(st.binary(max_size=200) | damaged())
def test_any_bytes_are_read_or_refused_with_a_reason_and_import_nothing(data: bytes) -> None:
    imported = set(sys.modules)
    try:
        found = repr(read_inert(data))
    except Reject as error:
        found = error.reason
        assert found.startswith(("is damaged (", "is not in the format of this program ("))
        assert "\n" not in found
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
def test_what_was_not_saved_is_refused_with_a_reason(data: bytes) -> None:
    """As it is, as what the engine has pickled, and as what a step has saved."""
    for one in (data, pickle.dumps(data), pickle.dumps(resealed(data))):
        with pytest.raises(Reject, match=r"is damaged|not in the format"):
            read_inert(one)


def test_cut_short_it_is_refused() -> None:
    data = kept({"a": list(range(1000))})
    for end in range(0, len(data), 50):
        with pytest.raises(Reject, match="is damaged"):
            read_inert(data[:end])

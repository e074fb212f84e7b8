"""Saved state comes back as it was, and bytes of somebody else make nothing but an error."""

import io
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal, assert_series_equal

from operators.intake.intake import IntakeState
from operators.intake.limit import LettersSeen
from operators.keygroups.pieces import Piece, Place
from operators.windows.part import Part
from tidegauge.batch import Counts, PartitionState
from tidegauge.errors import Reject
from tidegauge.savedstate import MARK, dumps, loads, pickled_bytes, saved_type

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


def resealed(payload: bytes) -> bytes:
    """Bytes of somebody who knows the format, so that mark and digest are right."""
    return MARK + xxhash.xxh3_64_digest(payload) + payload


@given(PLAIN)
def test_plain_values_come_back_as_they_were(value: Any) -> None:
    assert loads(dumps(value)) == value


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0).reshape(2, 3),
        np.asfortranarray(np.arange(6).reshape(2, 3)),
        np.array([], dtype=np.int8),
        np.array(3.5),
        np.array([True, False]),
        np.array(["a", "bcd"]),
        np.array(["2026-01-01"], dtype="M8[ns]"),
        np.array([1, 2], dtype=">i4"),
        np.array([1, "x", None, (2, 3)], dtype=object),
        np.arange(10)[::3],
    ],
)
def test_arrays_come_back_with_type_shape_and_order_and_can_be_changed(array: Any) -> None:
    again = loads(dumps(array))
    assert (again.dtype, again.shape) == (array.dtype, array.shape)
    assert np.array_equal(again, array)
    assert again.flags.f_contiguous == np.copy(array, order="K").flags.f_contiguous
    assert again.flags.writeable


def test_frames_come_back() -> None:
    frame = pl.DataFrame(
        {"k": ["a", None], "t": [1, 2], "l": [[1.0], []], "s": [{"x": 1}, None]},
        schema_overrides={"t": pl.Datetime("ns")},
    )
    again, empty, column = loads(dumps([frame, frame.clear(), frame["k"]]))
    assert_series_equal(column, frame["k"])
    assert_frame_equal(again, frame)
    assert_frame_equal(empty, frame.clear())


def test_objects_come_back_and_one_that_is_there_twice_is_one_again() -> None:
    piece = Piece("x")
    piece.keep(Place(7, 0, 100, 5))
    state = IntakeState(1, 2, Counts(3), letters=LettersSeen("d", 4))
    part = Part(pl.DataFrame({"a": [1]}), {"b": pl.DataFrame()})
    values = loads(dumps([piece, piece, state, part, PartitionState.IDLE, np.float64(0.5)]))
    first, second, again, other, idle, number = values
    assert first is second
    assert (first.place, first.content) == (piece.place, None)
    assert again == state
    assert list(other.tables) == ["b"]
    assert idle is PartitionState.IDLE
    assert (number, type(number)) == (0.5, np.float64)


class Unknown(NamedTuple):
    one: int


@pytest.mark.parametrize("value", [Unknown(1), Path(), len, int, object(), io.BytesIO()])
def test_other_objects_are_not_saved(value: Any) -> None:
    with pytest.raises(TypeError, match="cannot be in saved state: give the class @saved_type"):
        dumps({"a": [value]})


def test_two_classes_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two classes of saved states are called Counts"):
        saved_type(type("Counts", (tuple,), {}))


class Calls:
    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self._made = function, arguments

    def __reduce__(self) -> Any:
        return self._made


WORD = b"ctidegauge.savedstate\nmade\n"


@pytest.mark.parametrize(
    "payload",
    [
        pickle.dumps(Calls(os.mkdir, "MADE")),
        pickle.dumps(Calls(eval, "__import__('os').mkdir('MADE')")),
        pickle.dumps(Calls(getattr, Counts, "__add__")),
        pickle.dumps(Counts(1)),
        pickle.dumps(np.arange(3)),
        pickle.dumps(dumps),
        b"ctidegauge.savedstate\nmade.__globals__\n.",
        b"ctidegauge.savedstate\n_TYPES\n.",
        b"ctidegauge.savedstate\npickle.loads\n.",
        b"cbuiltins\neval\n(VNone\ntR.",
        b"(ibuiltins\neval\n.",
        b"\x80\x02\x82\x01.",
        b"Pname\n.",
        WORD + b"}(V__code__\nK\x01ub.",
        WORD + b"(N}(V__defaults__\n)utb.",
        WORD + b")\x81.",
        WORD + b"(Vos.system\nVmkdir MADE\ntR.",
        WORD + b"(Vmade\ntR.",
        WORD + b"(Varray\nV|O8\n(K\x01tVC\nC\x08aaaaaaaatR.",
        WORD + b"(Varray\nV<i8\n(K\x09tVC\nC\x08aaaaaaaatR.",
        WORD + b"(Varray\nVO\n(K\x01tVC\nC\x08aaaaaaaatR.",
        WORD + b"(Vframe\nC\x08aaaaaaaatR.",
        WORD + b"(Vnumber\nV<i8\nC\x02aatR.",
        WORD + b"(VPartitionState\nVnone\ntR.",
        b"(" * 200_000,
    ],
)
def test_what_somebody_else_has_written_makes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, payload: bytes
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Reject, match=r"^is damaged \(") as refused:
        loads(resealed(payload))
    assert "\n" not in refused.value.reason
    assert list(tmp_path.iterdir()) == []


def test_an_object_cannot_be_given_other_insides() -> None:
    """A pickle may put a state into what it has made; an array takes none but its own."""
    array = b"(Varray\nV<i8\n(K\x01tVC\nC\x08aaaaaaaatR"
    with pytest.raises(Reject, match="is damaged"):
        loads(resealed(WORD + array + b"(K\x01(K\x02tVO\nI00\nC\x10aaaaaaaaaaaaaaaatb."))


def test_every_changed_byte_is_noticed() -> None:
    data = dumps({"a": [1, 2.5, "x"], "b": np.arange(3)})
    for at in range(len(data)):
        changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        with pytest.raises(Reject):
            loads(changed)
    with pytest.raises(Reject, match="not in the format of this program"):
        loads(b"TGS2" + data[4:])


@given(st.binary(max_size=70_000))
def test_bytes_that_another_program_has_pickled_are_found(data: bytes) -> None:
    for protocol in (4, 5):
        assert pickled_bytes(pickle.dumps(data, protocol)) == data
    assert pickled_bytes(pickle.dumps(None)) is None

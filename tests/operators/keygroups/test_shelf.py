from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.keygroups.pieces import Piece, pieces_in
from operators.keygroups.shelf import INLINE_BELOW, Saving, Shelf
from tidegauge.errors import Stop, UserMistake
from tidegauge.savedstate import dumps, loads

SECOND = 1_000_000_000
Saved = tuple[bytes, dict[str, Any]]


def large(number: int) -> Piece:
    """A piece that is worth a file."""
    return Piece(np.full(INLINE_BELOW, number))


def save(shelf: Shelf, state: dict[Any, Any], at_ns: int = 0) -> bytes:
    """What the engine would keep."""
    about = shelf.save(state, at_ns)
    return dumps((about, state))


def load(shelf: Shelf, saved: bytes) -> dict[Any, Any]:
    """What comes back of it."""
    about, state = loads(saved)
    shelf.load(about, state)
    return state  # type: ignore[no-any-return]  # as saved


def numbers(state: dict[Any, Any]) -> list[int]:
    return [int(piece.content[0]) for piece in pieces_in(state)]


def test_a_piece_is_written_once_and_named_in_every_snapshot(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "g", 0)
    state = {"a": {1: large(1)}, "b": [large(2)]}
    first, second = save(shelf, state), save(shelf, state)
    assert len(list(tmp_path.rglob("0*"))) == 1
    assert len(second) < 1_000
    for saved in (first, second):
        assert numbers(load(Shelf(tmp_path / "g", 0), saved)) == [1, 2]


def test_once_kept_a_piece_lets_go_of_its_content(tmp_path: Path) -> None:
    piece = large(1)
    save(Shelf(tmp_path, 0), {"a": piece})
    assert piece.content is None


def test_a_small_piece_stays_in_the_snapshot(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "g", 0)
    saved = save(shelf, {"a": Piece([7])})
    assert not (tmp_path / "g").exists()
    assert numbers(load(shelf, saved)) == [7]


def test_a_file_is_written_over_only_at_the_second_snapshot_after_the_last_that_named_it(
    tmp_path: Path,
) -> None:
    shelf = Shelf(tmp_path, 0)
    saved = [save(shelf, {"a": large(number)}) for number in range(20)]
    assert len(list(tmp_path.iterdir())) == 3
    for number in (18, 19):
        assert numbers(load(Shelf(tmp_path, 0), saved[number])) == [number]


def test_a_file_is_kept_as_long_as_snapshots_are(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, keep_ns=10 * SECOND)
    saved = [save(shelf, {"a": large(number)}, number * SECOND) for number in range(40)]
    for number in range(29, 40):
        assert numbers(load(Shelf(tmp_path, 0), saved[number])) == [number]
    assert len(list(tmp_path.iterdir())) <= 12


def test_files_that_are_too_many_are_removed(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, 0)
    state = {str(number): large(number) for number in range(20)}
    for number in range(20):
        save(shelf, {key: state[key] for key in list(state)[: number + 1]})
    assert len(list(tmp_path.iterdir())) == 20
    for number in range(20, 26):
        save(shelf, {"a": large(number)})
    assert len(list(tmp_path.iterdir())) <= 8


def test_files_of_a_run_that_was_killed_before_its_snapshot_was_saved_are_used_again(
    tmp_path: Path,
) -> None:
    for _ in range(5):
        save(Shelf(tmp_path, 0), {"a": large(1)})
    assert len(list(tmp_path.iterdir())) == 1


def test_a_missing_piece_is_told_in_one_line(tmp_path: Path) -> None:
    saved = save(Shelf(tmp_path, 0), {"a": large(1)})
    (tmp_path / "000000").unlink()
    with pytest.raises(UserMistake, match=r"^saved state: .*/000000: No such file .*empty one$"):
        load(Shelf(tmp_path, 0), saved)


@pytest.mark.parametrize("content", [b"", b"x" * 200_000])
def test_a_damaged_piece_is_told_in_one_line(tmp_path: Path, content: bytes) -> None:
    saved = save(Shelf(tmp_path, 0), {"a": large(1)})
    (tmp_path / "000000").write_bytes(content)
    with pytest.raises(UserMistake, match="000000: holds something else; put back a copy"):
        load(Shelf(tmp_path, 0), saved)


def test_a_piece_that_cannot_be_written_stops_the_flow_in_one_line(tmp_path: Path) -> None:
    """Whether it is a full disk or, as here, a file where the folder should be."""
    (tmp_path / "pieces").write_text("")
    with pytest.raises(Stop, match=r"state was not saved in .*; the flow goes on from") as error:
        save(Shelf(tmp_path / "pieces", 0), {"a": large(1)})
    assert "\n" not in str(error.value)


def test_every_owner_has_a_folder_of_its_own(tmp_path: Path) -> None:
    saving = Saving(folder=tmp_path)
    for step, group in (("a", "g1"), ("a", "g2"), ("b", "g1")):
        shelf = saving.shelf(step, group)
        assert shelf is not None
        save(shelf, {"a": large(1)})
    found = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("0*")}
    assert found == {"a/g1/000000", "a/g2/000000", "b/g1/000000"}
    assert Saving().shelf("a") is None


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("change"), st.sets(st.integers(0, 5), max_size=3)),
        st.tuples(st.just("crash"), st.integers(0, 1)),
    ),
    max_size=25,
)


@settings(max_examples=30)
@given(STEPS)
def test_whenever_it_is_killed_the_last_two_snapshots_can_be_resumed(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, Any]]
) -> None:
    """The last may not have been saved by the engine when the process is killed."""
    folder = tmp_path_factory.mktemp("shelf")
    shelf, state = Shelf(folder, 0), {number: large(number) for number in range(6)}
    held, version = {number: number for number in range(6)}, 100
    history = [(save(shelf, state), dict(held))]
    for what, detail in steps:
        if what == "change":
            for number in detail:
                version += 1
                state[number], held[number] = large(version), version
            history.append((save(shelf, state), dict(held)))
        else:
            back = detail if len(history) > 1 else 0
            del history[len(history) - back :]
            saved, held = history[-1]
            held = dict(held)
            shelf = Shelf(folder, 0)
            state = load(shelf, saved)
            assert dict(zip(state, numbers(state), strict=True)) == held
            # What follows may overwrite what only older snapshots name.
            history = history[-1:]

"""Saved states of windows: what they must agree with, and those of earlier versions."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import polars as pl

from operators.keygroups.pieces import Piece
from operators.windows.keyholders import map_frames
from operators.windows.part import Part
from operators.windows.plan import WindowPlan
from tidegauge.errors import UserMistake
from tidegauge.savedstate import saved_type

VERSION = 4
"""Version of the saved state of a key group of windows."""

_PARTS = {
    "shape": "another kind or size",
    "keys": "other keys",
    "kept": "other metrics",
    "where": "another condition",
    "lateness": "another lateness",
}


@saved_type
class FramePiece(Piece):
    """A piece that stands for a frame in a snapshot."""

    __slots__ = ()


class FramePieces:
    """Frames of snapshots as pieces: the same piece for as long as the frame is the same object."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[pl.DataFrame, FramePiece]] = {}

    def wrap(self, snapshot: Any) -> Any:
        """The snapshot with a piece in the place of every frame."""
        known, self._known = self._known, {}

        def piece(frame: pl.DataFrame) -> Any:
            found = known.get(id(frame)) or self._known.get(id(frame))
            # Frames do not change; while one is held here, no other has its identity.
            self._known[id(frame)] = found or (frame, FramePiece(frame))
            return self._known[id(frame)][1]

        return map_frames(snapshot, piece)

    def unwrap(self, snapshot: Any) -> Any:
        """The snapshot with the frames again."""
        match snapshot:
            case FramePiece():
                frame = snapshot.take()
                self._known[id(frame)] = frame, snapshot
                return frame
            case Part():
                tables = {name: self.unwrap(table) for name, table in snapshot.tables.items()}
                return replace(snapshot, rows=self.unwrap(snapshot.rows), tables=tables)
            case dict():
                return {key: self.unwrap(value) for key, value in snapshot.items()}
            case list() | tuple() if not hasattr(snapshot, "_fields"):
                return type(snapshot)(self.unwrap(value) for value in snapshot)
        return snapshot


def check_layout(plan: WindowPlan, saved: Mapping[str, object]) -> None:
    """Refuse the state of a window that was declared otherwise.

    Raises:
        UserMistake: the window had another kind or size, other keys, metrics or another condition.
    """
    own = plan.layout
    wrong = [what for part, what in _PARTS.items() if part in saved and saved[part] != own[part]]
    if wrong:
        raise UserMistake(
            f"saved state: window {plan.name!r} had {' and '.join(wrong)}; give the new one"
            " another name, or start with an empty recovery directory"
        )


def upgraded(snapshot: Mapping[str, Any]) -> dict[str, Any]:
    """The saved state of a key group, in the form of this version.

    Raises:
        UserMistake: it is of a version that is not known here.
    """
    if snapshot["version"] == VERSION:
        return dict(snapshot)
    if snapshot["version"] == 3:
        windows = {name: _from_version_3(one) for name, one in snapshot["windows"].items()}
        return {**snapshot, "windows": windows}
    if snapshot["version"] == 1:
        windows = {name: _from_version_1(one) for name, one in snapshot["windows"].items()}
        reached = {"value_ns": snapshot["watermark_ns"], "partitions": snapshot["partitions"]}
        state = {"windows": windows, "shelf": None, "letters_ns": 0}
        return {"watermark": {**reached, "floors": {}}, **state}
    raise UserMistake(
        f"saved state: windows have version {snapshot['version']}, this program reads 1, 3 and"
        f" {VERSION}; start with an empty recovery directory or with the program that wrote it"
    )


def tables_of_version_3(
    tables: Mapping[str, Mapping[int, Piece]], place: str
) -> dict[str, pl.DataFrame]:
    """Rows of tables, which had a piece for each pane, with the pane as a column."""
    return {
        name: pl.concat(
            piece.take().with_columns(pl.lit(pane, pl.Int64).alias(place))
            for pane, piece in panes.items()
        )
        for name, panes in tables.items()
        if panes
    }


def _from_version_3(window: Mapping[str, Any]) -> dict[str, Any]:
    """Panes had tables beside them; keys that were noted follow from what is held."""
    state = dict(window["state"])
    for side, tables in (("on_time", "on_time_tables"), ("corrections", "correction_tables")):
        if tables in state:
            # Pieces may lie elsewhere: what is in them is not known yet.
            state[side] = {"full": state[side], "rows": [], "tables": state.pop(tables)}
    return {name: value for name, value in window.items() if name != "noted"} | {"state": state}


def _from_version_1(window: Mapping[str, Any]) -> dict[str, Any]:
    """Matrices become a piece for each pane; what the condition was, version 1 did not tell."""
    *shape, keys, kept = window["layout"]
    if len(shape) == 1:
        shape = [shape[0].size_ns, shape[0].every_ns]
    count = len(window["keys"][0]) if window["keys"] else 0
    state = {
        **window,
        "layout": {"shape": ("Paned", *shape, 0), "keys": keys, "kept": kept},
        "keys": [(count, Piece(window["keys"]))] if count else [],
        "on_time": {"full": _panes(window["on_time"]), "rows": []},
        "corrections": {"full": _panes(window["corrections"]), "rows": []},
    }
    return {"state": state, "refused": 0, "evicted": 0, "corrections": 0}


def _panes(saved: Mapping[str, Any]) -> dict[int, Piece]:
    columns = saved["columns"]
    return {
        pane: Piece((None, {name: matrix[row] for name, matrix in columns.items()}))
        for row, pane in enumerate(saved["panes"])
    }

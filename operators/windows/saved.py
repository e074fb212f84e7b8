"""Saved states of windows: what they must agree with, and those of earlier versions."""

from collections.abc import Mapping
from typing import Any

from operators.keygroups.pieces import Piece
from operators.windows.plan import WindowPlan
from tidegauge.errors import UserMistake

VERSION = 3
"""Version of the saved state of a key group of windows."""

_PARTS = {
    "shape": "another kind or size",
    "keys": "other keys",
    "kept": "other metrics",
    "where": "another condition",
}


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
    if snapshot["version"] == 1:
        windows = {name: _from_version_1(one) for name, one in snapshot["windows"].items()}
        reached = {"value_ns": snapshot["watermark_ns"], "partitions": snapshot["partitions"]}
        return {"watermark": {**reached, "floors": {}}, "windows": windows, "shelf": None}
    raise UserMistake(
        f"saved state: windows have version {snapshot['version']}, this program reads 1 and"
        f" {VERSION}; start with an empty recovery directory or with the program that wrote it"
    )


def _from_version_1(window: Mapping[str, Any]) -> dict[str, Any]:
    """Matrices become a piece for each pane; what the condition was, version 1 did not tell."""
    *shape, keys, kept = window["layout"]
    if len(shape) == 1:
        shape = [shape[0].size_ns, shape[0].every_ns]
    count = len(window["keys"][0]) if window["keys"] else 0
    return {
        **window,
        "layout": {"shape": ("Paned", *shape), "keys": keys, "kept": kept},
        "keys": [(count, Piece(window["keys"]))] if count else [],
        "on_time": _panes(window["on_time"]),
        "corrections": _panes(window["corrections"]),
        "on_time_tables": {},
        "correction_tables": {},
    }


def _panes(saved: Mapping[str, Any]) -> dict[int, Piece]:
    columns = saved["columns"]
    return {
        pane: Piece((None, {name: matrix[row] for name, matrix in columns.items()}))
        for row, pane in enumerate(saved["panes"])
    }

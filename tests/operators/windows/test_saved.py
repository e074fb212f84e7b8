"""Saved states: of this version, of version 1, and with pieces beside them."""

import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from operators.keygroups import shelf
from operators.keygroups.shelf import Saving
from operators.progress.watermark import Watermark
from operators.windows.group import WindowGroup
from operators.windows.paned.panes import Panes
from operators.windows.paned.state import PanedState
from tests.operators.windows import earlier
from tests.operators.windows.harness import Flow, make_plan, make_source
from tidegauge.errors import UserMistake
from tidegauge.savedstate import loads

HERE = Path(__file__).parent
SOURCE = make_source(bound=20, lateness=60)
PLAN = make_plan(
    SOURCE, size=100, every=50, by=["k"], select={"n": "count(*)", "s": "std_dev(v)", "x": "max(q)"}
)
EVENTS = [
    {"ts": ts, "k": key, "v": float(ts % 7), "q": ts % 5}
    for ts, key in zip(
        [5, 40, 60, 30, 120, 75, 170, 140, 110, 260, 205, 300, 240, 420],
        "aabacabcabdabe",
        strict=True,
    )
]


def uncut() -> list[tuple[Any, ...]]:
    flow = Flow(SOURCE, [PLAN])
    for event in EVENTS:
        flow.events(0, [event])
    flow.finish()
    return sorted(flow.frame().drop("latency_ms").rows())


def version_1(group: WindowGroup) -> dict[str, Any]:
    """What the first version of the windows saved: whole matrices."""
    windows = {}
    for name, bounded in group._states.items():
        state = bounded.state
        assert isinstance(state, PanedState)
        plan, count = state._plan, len(state._series)
        windows[name] = {
            "layout": (
                state._shape,
                tuple((key, str(kind)) for key, kind in plan.by.items()),
                tuple(held.name for held in plan.accumulators),
            ),
            "keys": [list(column) for column in state._series._columns],
            "on_time": _matrices(state._on_time._full, count),
            "corrections": _matrices(state._corrections._full, count),
            "watermark_ns": state._watermark_ns,
            "dropped": state.dropped,
        }
    assert isinstance(group._watermark, Watermark)
    return {
        "version": 1,
        "watermark_ns": group._watermark.value_ns,
        "partitions": {
            number: (one.watermark_ns, one.state)
            for number, one in group._watermark.partitions.items()
        },
        "windows": windows,
    }


def _matrices(panes: Panes, slots: int) -> dict[str, Any]:
    rows = [panes._row_of[pane] for pane in panes.open]
    grown = {
        held.name: np.pad(
            panes._matrices[held.name][rows],
            ((0, 0), (0, max(slots - panes._slots, 0))),
            constant_values=held.identity,
        )[:, :slots]
        for held in panes._accumulators
    }
    return {"panes": panes.open, "columns": grown}


@pytest.mark.parametrize("cut", range(len(EVENTS)))
def test_a_state_of_version_1_goes_on_where_it_stopped(cut: int) -> None:
    flow = Flow(SOURCE, [PLAN])
    for number, event in enumerate(EVENTS):
        if number == cut:
            saved = pickle.loads(pickle.dumps(version_1(flow.group)))  # noqa: S301 - made here
            flow.group = WindowGroup([PLAN], lambda: 0, saved)
        flow.events(0, [event])
    flow.finish()
    assert sorted(flow.frame().drop("latency_ms").rows()) == uncut()


def test_version_1_of_before_there_were_kinds_is_read_too() -> None:
    flow = Flow(SOURCE, [PLAN])
    flow.events(0, EVENTS[:1])
    saved = version_1(flow.group)
    shape, keys, kept = saved["windows"]["w"]["layout"]
    saved["windows"]["w"]["layout"] = (shape.size_ns, shape.every_ns, keys, kept)
    resumed = WindowGroup([PLAN], lambda: 0, saved)
    assert not resumed._states["w"].empty


def test_a_state_of_version_1_must_fit_too() -> None:
    flow = Flow(SOURCE, [PLAN])
    other = make_plan(SOURCE, size=100, every=25, by=["k"])
    with pytest.raises(UserMistake, match="had another kind or size and other metrics; give the"):
        WindowGroup([other], lambda: 0, version_1(flow.group))


def test_state_of_another_version_is_refused_with_what_to_do() -> None:
    saved = WindowGroup([PLAN], lambda: 0, None).snapshot()
    assert saved is not None
    with pytest.raises(
        UserMistake, match="version 0, this program reads 1, 3 and 4; start with an"
    ):
        WindowGroup([PLAN], lambda: 0, saved | {"version": 0})


class Restarted:
    """A flow whose group is saved and resumed, with all pieces in files."""

    def __init__(self, folder: Path) -> None:
        self.flow = Flow(SOURCE, [PLAN])
        self.saving = Saving(folder=folder)
        self.flow.group = WindowGroup([PLAN], lambda: 0, None, self.saving, "step")
        self.flow.group._name = "g1"

    def save(self) -> bytes:
        return pickle.dumps(self.flow.group.snapshot())

    def resume(self, saved: bytes) -> None:
        state = pickle.loads(saved)  # noqa: S301 - made here
        self.flow.group = WindowGroup([PLAN], lambda: 0, state, self.saving, "step")


@pytest.fixture(autouse=True)
def _all_in_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf, "INLINE_BELOW", 0)


@pytest.mark.parametrize("cut", range(len(EVENTS)))
def test_pieces_at_every_cut_change_nothing(cut: int, tmp_path: Path) -> None:
    """Snapshots in every epoch, and one of two restarts from the snapshot before the last."""
    run = Restarted(tmp_path)
    history = [(run.save(), 0, 0)]
    done = 0
    while done < len(EVENTS):
        if done == cut:
            cut = -1
            saved, done, kept = history[-2:][0]
            del run.flow.records[kept:]
            run.resume(saved)
        run.flow.events(0, EVENTS[done : done + 1])
        done += 1
        history.append((run.save(), done, len(run.flow.records)))
    run.flow.finish()
    assert sorted(run.flow.frame().drop("latency_ms").rows()) == uncut()
    assert len(list(tmp_path.glob("step/g1/0*"))) < 12


def test_pieces_need_the_folder_that_they_are_in(tmp_path: Path) -> None:
    run = Restarted(tmp_path)
    run.flow.events(0, EVENTS[:3])
    saved = run.save()
    run.saving = Saving()
    with pytest.raises(UserMistake, match="the windows of step have pieces beside it; start with"):
        run.resume(saved)
    run.saving = Saving(folder=tmp_path / "elsewhere")
    with pytest.raises(UserMistake, match=r"saved state: .*/elsewhere/step/g1/000000: No"):
        run.resume(saved)


def test_another_condition_is_another_window() -> None:
    saved = WindowGroup([PLAN], lambda: 0, None).snapshot()
    other = replace(PLAN, where_sql="v > 1")
    with pytest.raises(UserMistake, match="window 'w' had another condition; give the new one"):
        WindowGroup([other], lambda: 0, saved)


def test_another_lateness_is_another_window() -> None:
    """Its corrections would be of events that were let go."""
    saved = WindowGroup([PLAN], lambda: 0, None).snapshot()
    other = replace(PLAN, lateness_ns=PLAN.lateness_ns + 1)
    with pytest.raises(UserMistake, match="window 'w' had another lateness; give the new one"):
        WindowGroup([other], lambda: 0, saved)


@pytest.fixture(scope="module")
def resumed_from_version_3() -> tuple[Flow, Flow]:
    """A flow from its cut on, and one that goes on there from a state of that version.

    The program of that version has made it, in the middle of the events.
    """
    saved = loads((HERE / "saved/version_3.state").read_bytes())
    whole, resumed = (Flow(earlier.SOURCE, earlier.plans()) for _ in range(2))
    for number, event in enumerate(earlier.EVENTS):
        if number == earlier.CUT:
            del whole.records[:], resumed.records[:]
            resumed.group = WindowGroup(resumed.plans, lambda: 0, saved)
        whole.events(0, [event])
        resumed.events(0, [event])
    for flow in (whole, resumed):
        flow.finish()
    return whole, resumed


@pytest.mark.parametrize("kind", earlier.KINDS)
def test_a_state_of_version_3_goes_on_where_it_stopped(
    kind: str, resumed_from_version_3: tuple[Flow, Flow]
) -> None:
    whole, resumed = resumed_from_version_3
    assert resumed.frame(kind).height >= 2
    expected, found = (flow.frame(kind).drop("latency_ms").rows() for flow in (whole, resumed))
    assert sorted(map(repr, found)) == sorted(map(repr, expected))

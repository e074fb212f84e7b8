"""The suite itself: windows that break a rule are found out."""

from collections.abc import Callable, Iterator
from typing import Any

import polars as pl
import pytest

from operators.windows import kinds
from operators.windows.counted.state import CountedState
from operators.windows.cumulative.state import CumulativeState
from operators.windows.paned.state import PanedState
from operators.windows.part import Part
from operators.windows.plan import WindowPlan
from operators.windows.sessions.state import SessionState
from operators.windows.shapes import Counted, Cumulative, Paned, Session, Shape
from tests.operators.windows.conformance.flow import (
    FEW,
    SOURCE,
    GroupFlow,
    Step,
    assert_given,
    judged,
    log,
    plan_of,
    records,
    run,
)
from tests.operators.windows.conformance.kinds import KINDS
from tidegauge.catalogue import FINAL, STATE

LOG: list[Step] = [step for step in log(1, 50) if step[1] != "idle"]
STATES: dict[type[Shape], Any] = {
    Paned: PanedState,
    Session: SessionState,
    Counted: CountedState,
    Cumulative: CumulativeState,
}


def breaking(
    monkeypatch: pytest.MonkeyPatch, shape: type[Shape], broken: Callable[[WindowPlan], Any]
) -> None:
    """Put a broken state in the place of a sound one."""
    kind = kinds._KINDS[shape]
    monkeypatch.setitem(kinds._KINDS, shape, kind._replace(state=broken))


def is_found_out(shape: type[Shape]) -> bool:
    """Whether a kind of this shape gives something else than the reference."""
    for kind in KINDS:
        plan = plan_of(kind, by=["k"], select=FEW)
        if isinstance(plan.shape, shape):
            expected = kind.expected(judged(LOG, 3), ["k"])
            try:
                assert_given(records(run([plan], LOG, partitions=3).records, ["k"]), expected)
            except AssertionError:
                return True
    return False


@pytest.mark.parametrize("shape", list(STATES), ids=lambda shape: shape.__name__)
def test_corrections_in_first_results(monkeypatch: pytest.MonkeyPatch, shape: type[Shape]) -> None:
    sound = STATES[shape]

    class Broken(sound):  # type: ignore[misc,valid-type]  # one of four
        def add(self, on_time: Part | None, corrections: Part | None) -> None:
            super().add(on_time, None)
            super().add(corrections, None)

    breaking(monkeypatch, shape, Broken)
    assert is_found_out(shape)


@pytest.mark.parametrize("shape", list(STATES), ids=lambda shape: shape.__name__)
def test_results_that_depend_on_the_batches(
    monkeypatch: pytest.MonkeyPatch, shape: type[Shape]
) -> None:
    sound = STATES[shape]

    class Broken(sound):  # type: ignore[misc,valid-type]  # one of four
        def advance(self, watermark_ns: int) -> Iterator[Part]:
            list(super().advance(watermark_ns - 1_000_000))
            yield from super().advance(watermark_ns)

    breaking(monkeypatch, shape, Broken)
    assert is_found_out(shape)


def test_sessions_that_are_not_withdrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(SessionState):
        def advance(self, watermark_ns: int) -> Iterator[Part]:
            for closed in super().advance(watermark_ns):
                yield Part(closed.rows.filter(pl.col(STATE) == FINAL), closed.tables)

    breaking(monkeypatch, Session, Broken)
    assert is_found_out(Session)


@pytest.mark.parametrize("shape", list(STATES), ids=lambda shape: shape.__name__)
def test_a_state_that_is_lost_at_a_restart(
    monkeypatch: pytest.MonkeyPatch, shape: type[Shape]
) -> None:
    sound = STATES[shape]

    class Broken(sound):  # type: ignore[misc,valid-type]  # one of four
        def restore(self, snapshot: dict[str, Any]) -> None:
            self._watermark_ns = snapshot["watermark_ns"]

    breaking(monkeypatch, shape, Broken)
    kind = next(kind for kind in KINDS if isinstance(plan_of(kind).shape, shape))
    flow = GroupFlow(SOURCE, [plan_of(kind, by=["k"])], partitions=3)
    for number, events in LOG:
        flow.step(number, events)
        flow.resume()
    flow.finish()
    with pytest.raises(AssertionError):
        assert_given(records(flow.records, ["k"]), kind.expected(judged(LOG, 3), ["k"]))

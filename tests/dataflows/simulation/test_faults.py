import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflows.simulation.faults import COURSES, Fault, FaultKind
from dataflows.simulation.floor import TICK_NS
from tidegauge.spec.models import SECOND_NS

COOLEST = 54.0


@given(st.integers(0, 10_000 * SECOND_NS), st.integers(0, TICK_NS - 1))
def test_a_knock_meets_exactly_one_reading(start_ns: int, phase_ns: int) -> None:
    knock = Fault("press-1", FaultKind.KNOCK, start_ns, start_ns + TICK_NS, 10)
    first_ns = (start_ns // TICK_NS - 1) * TICK_NS + phase_ns
    met = [knock.effect(first_ns + tick * TICK_NS) for tick in range(4)]
    assert sorted(met) == [(0, 0)] * 3 + [(0, 10)]


@pytest.mark.parametrize("kind", FaultKind)
def test_a_fault_changes_nothing_before_its_start_and_from_its_end_on(kind: FaultKind) -> None:
    fault = Fault("press-1", kind, SECOND_NS, 61 * SECOND_NS, 10)
    assert fault.effect(SECOND_NS - 1) == fault.effect(61 * SECOND_NS) == (0, 0)
    assert any(fault.effect(31 * SECOND_NS))


def test_the_shortest_overheating_of_the_coolest_machine_exceeds_85_degrees_in_four_windows() -> (
    None
):
    course = COURSES[FaultKind.OVERHEATING]
    fault = Fault("press-1", FaultKind.OVERHEATING, 0, course.shortest_ns, course.least)
    hot_s = sum(
        COOLEST + fault.effect(second * SECOND_NS)[0] > 85
        for second in range(course.shortest_ns // SECOND_NS)
    )
    # Of 50 s at least 40 lie in whole windows of 10 s.
    assert hot_s >= 50

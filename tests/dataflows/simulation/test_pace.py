from hypothesis import given
from hypothesis import strategies as st

from dataflows.simulation.pace import Pace
from tidegauge.spec.models import SECOND_NS

START_NS = 1_767_600_000 * SECOND_NS
runs_ns = st.integers(20, 3_600).map(lambda seconds: seconds * SECOND_NS)
elapsed = st.integers(0, 4_000 * SECOND_NS)


@given(runs_ns, elapsed)
def test_event_time_is_never_ahead_of_the_wall_clock(run_ns: int, elapsed_ns: int) -> None:
    pace = Pace(run_ns, START_NS)
    now_ns = START_NS + elapsed_ns
    assert pace.origin_ns + pace.due_ns(now_ns) <= now_ns


@given(runs_ns)
def test_event_time_meets_the_wall_clock_at_the_end_and_stays_with_it(run_ns: int) -> None:
    pace = Pace(run_ns, START_NS)
    for now_ns in (START_NS + run_ns, START_NS + run_ns + SECOND_NS):
        assert pace.origin_ns + pace.due_ns(now_ns) == now_ns


@given(runs_ns, elapsed, elapsed)
def test_event_time_never_goes_back(run_ns: int, one_ns: int, other_ns: int) -> None:
    pace = Pace(run_ns, START_NS)
    early_ns, late_ns = sorted((one_ns, other_ns))
    assert pace.due_ns(START_NS + early_ns) <= pace.due_ns(START_NS + late_ns)


@given(elapsed)
def test_at_a_speed_of_one_what_is_due_is_what_happens_now(elapsed_ns: int) -> None:
    pace = Pace(4_000 * SECOND_NS, START_NS, speed=1)
    assert pace.origin_ns + pace.due_ns(START_NS + elapsed_ns) == START_NS + elapsed_ns

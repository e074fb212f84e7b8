from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflows.simulation.schedule import (
    QUIET_END_NS,
    QUIET_START_NS,
    RECOVERY_NS,
    SHORTEST_SPAN_NS,
    plan_faults,
)
from tidegauge.spec.models import SECOND_NS

seeds = st.integers(0, 2**32 - 1)
spans_ns = st.integers(600, 36_000).map(lambda seconds: seconds * SECOND_NS)


@given(seeds, spans_ns)
def test_faults_come_in_order_between_the_quiet_start_and_the_quiet_end(
    seed: int, span_ns: int
) -> None:
    faults = plan_faults(np.random.default_rng(seed), span_ns)
    assert faults == sorted(faults, key=lambda fault: fault.start_ns)
    assert faults[0].start_ns >= QUIET_START_NS
    assert max(fault.end_ns for fault in faults) <= span_ns - QUIET_END_NS


@given(seeds, spans_ns)
def test_a_machine_recovers_before_its_next_fault(seed: int, span_ns: int) -> None:
    faults = plan_faults(np.random.default_rng(seed), span_ns)
    for machine in {fault.machine for fault in faults}:
        own = [fault for fault in faults if fault.machine == machine]
        assert all(b.start_ns - a.end_ns >= RECOVERY_NS for a, b in pairwise(own))


@given(seeds, spans_ns)
def test_every_kind_is_as_frequent_as_the_others(seed: int, span_ns: int) -> None:
    faults = plan_faults(np.random.default_rng(seed), span_ns)
    counted = Counter(fault.kind for fault in faults)
    assert len(counted) == 4
    assert max(counted.values()) - min(counted.values()) <= 1


def test_the_shortest_stream_has_twelve_faults() -> None:
    assert len(plan_faults(np.random.default_rng(1), SHORTEST_SPAN_NS)) == 12


def test_a_shorter_stream_is_refused() -> None:
    with pytest.raises(ValueError, match="must be at least"):
        plan_faults(np.random.default_rng(1), SHORTEST_SPAN_NS - 1)

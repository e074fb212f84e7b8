"""Any stream: late, doubled, out of order, with silent partitions; the results are the rules'."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.operators.windows.conformance.flow import (
    FEW,
    KEYS,
    STEPS,
    Step,
    assert_given,
    judged,
    plan_of,
    records,
    run,
)
from tests.operators.windows.conformance.kinds import KINDS, Kind
from tests.operators.windows.reference import Event

CONDITIONS: dict[str | None, Callable[[Event], bool]] = {
    None: lambda _: True,
    "v > 0": lambda event: event["v"] is not None and event["v"] > 0,
}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@settings(max_examples=8)
@given(
    steps=STEPS,
    partitions=st.integers(1, 3),
    by=KEYS,
    where=st.sampled_from(list(CONDITIONS)),
    key_groups=st.sampled_from([1, 3]),
)
def test_all_results_are_those_of_the_reference(
    *,
    kind: Kind,
    steps: list[Step],
    partitions: int,
    by: tuple[str, ...],
    where: str | None,
    key_groups: int,
) -> None:
    plan = plan_of(kind, by=list(by), where=where, select=FEW)
    flow = run([plan], steps, partitions=partitions, key_groups=key_groups)
    judge = judged(steps, partitions)
    expected = kind.expected(judge, by, CONDITIONS[where])
    assert_given(records(flow.records, by), expected)
    assert flow.dead == judge.dead
    counted = "count" in kind.declared
    lost = len(list(filter(CONDITIONS[where], judge.corrections))) if counted else 0
    assert flow.dropped == lost
    if not counted:
        assert all(state.empty for group in flow.groups for state in group._states.values())

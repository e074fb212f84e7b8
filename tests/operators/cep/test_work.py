"""What the runs of a key may cost is bounded, told, and the same in any batches and after stops."""

import pickle
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from operators.cep.limits import Limits
from operators.cep.matcher import Matcher
from operators.cep.results import Kind, Result
from tests.fuzz import times
from tests.operators.cep.generated import (
    CARRY,
    COLUMNS,
    Generated,
    event_lists,
    frame_of,
    patterns,
    sound,
)
from tests.operators.cep.reference import Event
from tests.operators.cep.test_against_reference import END, slow
from tests.operators.cep.test_in_turn import SHAPES, TEXTS
from tests.operators.cep.test_in_turn import generated as shaped

SKIPS = ["SKIP PAST LAST ROW", "SKIP TO NEXT ROW", "SKIP TO LAST x", "SKIP TO FIRST x", "NO SKIP"]
Told = list[tuple[Any, ...]]
either = st.booleans().flatmap(lambda dynamic: patterns(dynamic=dynamic))
shapes = st.builds(
    shaped,
    st.sampled_from(SHAPES),
    st.sampled_from(sorted(TEXTS)),
    st.sampled_from(sorted(TEXTS)),
    st.sampled_from(SKIPS),
    st.sampled_from([None, 8, 20]),
)


def told(results: Sequence[Result]) -> Told:
    """All that is told, also of what was given up."""
    return [
        (
            str(one.kind),
            one.key,
            tuple((node.position.step, node.seq) for node in one.path),
            one.time_ns if one.kind is not Kind.MATCH else None,
            one.runs,
            one.reason,
        )
        for one in sorted(results, key=lambda one: str(one.key))
    ]


def found(
    made: Generated,
    rows: list[Event],
    work: int,
    cuts: Sequence[int] = (),
    *,
    timeouts: bool,
    resume: bool = False,
) -> Told:
    """Results in batches that end at `cuts`; with `resume` each is read after a restart."""

    def new() -> Matcher:
        limits = Limits(work=work)
        return Matcher(
            [made.pattern], COLUMNS, by=["key"], carry=CARRY, timeouts=timeouts, limits=limits
        )

    matcher, results, start = new(), list[Result](), 0
    frame = frame_of(rows)
    for cut in [*cuts, len(rows)]:
        results += matcher.process(frame[start:cut])
        start = cut
        if resume:
            saved = pickle.dumps(matcher.snapshot())
            matcher = new()
            assert matcher.restore(pickle.loads(saved)) == []  # noqa: S301 - our own
    return told([*results, *matcher.advance(END)])


@pytest.mark.parametrize("which", [either, shapes])
@settings(slow, max_examples=times(100))
@given(st.data(), st.sampled_from([1, 2, 5]), st.booleans())
def test_what_is_given_up_depends_neither_on_batches_nor_on_stops(
    which: st.SearchStrategy[Generated],
    data: st.DataObject,
    work: int,
    timeouts: bool,  # noqa: FBT001 - drawn
) -> None:
    made = data.draw(which)
    assume(sound(made))
    rows = data.draw(event_lists(most=24))
    whole = found(made, rows, work, timeouts=timeouts)
    cuts = sorted(data.draw(st.sets(st.integers(1, len(rows)), max_size=5)))
    assert found(made, rows, work, cuts, timeouts=timeouts) == whole
    each = range(1, len(rows))
    assert found(made, rows, work, each, timeouts=timeouts, resume=True) == whole
    assert found(made, rows, work, cuts, timeouts=timeouts, resume=True) == whole

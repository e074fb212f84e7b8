"""Streams of several partitions through the windows of several key groups, and what they must give.

A stream is a list of steps: events of a partition, or that it falls silent.
"""

import pickle
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import strategies as st

from operators.keygroups.assign import KeyGroups
from operators.windows.group import Partials, WindowGroup
from operators.windows.kinds import preaggregate
from operators.windows.part import Part, located, split_part
from operators.windows.plan import WindowPlan, plan_window
from tests.operators.windows.conformance.kinds import FINAL, Given, Kind, Place
from tests.operators.windows.harness import Flow, make_source
from tests.operators.windows.reference import SELECT, Event, Judge, aggregates
from tidegauge.batch import EventBatch, PartitionState
from tidegauge.catalogue import event_columns
from tidegauge.records import RecordBatch
from tidegauge.spec.models import Window

BOUND, LATENESS = 3, 8
SOURCE = make_source(bound=BOUND, lateness=LATENESS)
Step = tuple[int, list[dict[str, Any]] | str]
"""Number of a partition, and its events, or `idle`."""
Records = dict[Place, dict[str, Any]]

EVENTS = st.fixed_dictionaries(
    {
        "ts": st.integers(-10, 60),
        "k": st.sampled_from(["a", "b", "", None]),
        "j": st.sampled_from([0, 1, None]),
        "b": st.sampled_from([True, False, None]),
        "v": st.integers(-40, 40).map(lambda quarters: quarters / 4) | st.none(),
        "q": st.integers(-3, 3) | st.none(),
    }
)
STEPS = st.lists(
    st.tuples(st.integers(0, 2), st.lists(EVENTS, max_size=12) | st.just("idle")), max_size=10
)
FEW = {name: SELECT[name] for name in ("n", "sum_v", "sd_v", "max_q", "top_k")}
"""Metrics with something of each way to merge."""
KEYS = st.sampled_from([(), ("k",), ("k", "j")])


def plan_of(kind: Kind, name: str = "w", **window: Any) -> WindowPlan:
    """A window of this kind over the source."""
    declared = {"from": "s", "select": {"n": "count(*)"}, **kind.declared, **window}
    columns = event_columns(SOURCE)
    lateness = SOURCE.event_time.lateness
    spec = Window.model_validate(declared)
    made = plan_window(name, spec, columns, lateness, kind.timezone)
    return replace(made, every_step=kind.every_step)


@dataclass
class GroupFlow(Flow):
    """The windows in several key groups, as the engine has them."""

    key_groups: int = 1
    groups: list[WindowGroup] = field(default_factory=list)
    batches: list[EventBatch] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._assign = KeyGroups(self.key_groups)
        self.groups = [WindowGroup(self.plans, lambda: 0, None) for _ in range(self.key_groups)]

    @property
    def dropped(self) -> int:
        """Events that are in no window."""
        return sum(state.dropped for group in self.groups for state in group._states.values())

    def step(self, number: int, events: list[dict[str, Any]] | str) -> list[RecordBatch]:
        """One step of a stream."""
        if isinstance(events, str):
            return self.quiet(number, PartitionState.IDLE)
        return self.events(number, events) if events else []

    def resume(self) -> None:
        saved = self.saved()
        super().resume()
        self.restore(saved)

    def saved(self) -> bytes:
        """The state of all key groups."""
        return pickle.dumps([group.snapshot() for group in self.groups])

    def restore(self, saved: bytes) -> None:
        """Go on from a saved state."""
        states = pickle.loads(saved)  # noqa: S301 - made here
        self.groups = [WindowGroup(self.plans, lambda: 0, state) for state in states]

    def _pass(self, batch: EventBatch) -> list[RecordBatch]:
        self.batches.append(batch)
        return self.take(batch)

    def take(self, batch: EventBatch) -> list[RecordBatch]:
        """What the key groups make of a batch."""
        parts: list[tuple[dict[str, Part], dict[str, Part]]] = [({}, {}) for _ in self.groups]
        for plan in self.plans:
            for side, events in enumerate((batch.on_time, batch.corrections)):
                if events.height:
                    made = preaggregate(plan, located(batch, events))
                    for group, part in split_part(self._assign, made, list(plan.by)):
                        parts[group][side][plan.name] = part
        made_records = []
        for owner, (on_time, corrections) in zip(self.groups, parts, strict=True):
            made_records += owner.take([Partials(batch.progress, on_time, corrections)])
        self.records += made_records
        return made_records


def records(batches: Sequence[RecordBatch], by: Sequence[str], name: str = "w") -> Records:
    """Records by what they are; none may come twice."""
    found: Records = {}
    for batch in batches:
        if batch.signal != name:
            continue
        for row in batch.frame.iter_rows(named=True):
            key = tuple(row[column] for column in by)
            state = row.get("state", FINAL)
            place = key, row["start_ns"], row["time_ns"], row["revision"], state
            assert place not in found, f"{place} came twice"
            found[place] = row
    return found


def assert_given(found: Records, expected: Given) -> None:
    """The records are those of the reference, in their fields too."""
    assert found.keys() == expected.keys()
    for place, events in expected.items():
        row, fields = found[place], aggregates(events)
        assert_fields(row, {name: fields[name] for name in fields if name in row}, place)


def assert_fields(row: Mapping[str, Any], fields: Mapping[str, Any], place: Place) -> None:
    """A record has these values; numbers that are no whole ones to 1e-9."""
    assert {name: row[name] for name in fields} == {
        name: pytest.approx(value, rel=1e-9, abs=1e-9) if isinstance(value, float) else value
        for name, value in fields.items()
    }, place


def assert_same(found: Records, other: Records) -> None:
    """Two runs gave the same."""
    assert found.keys() == other.keys()
    for place, row in other.items():
        assert_fields(found[place], {n: v for n, v in row.items() if n != "latency_ms"}, place)


def judged(steps: Sequence[Step], partitions: int) -> Judge:
    """What becomes of the events of a stream."""
    judge = Judge(partitions, BOUND, LATENESS)
    offsets = [0] * partitions
    for number, events in steps:
        if isinstance(events, str):
            judge.idle(number % partitions)
        elif events:
            judge.events(number % partitions, located_events(events, number % partitions, offsets))
    return judge


def located_events(
    events: Sequence[Mapping[str, Any]], partition: int, offsets: list[int]
) -> list[Event]:
    """Events that say where they are from."""
    first = offsets[partition]
    offsets[partition] += len(events)
    return [
        {**event, "_partition": partition, "_offset": first + at} for at, event in enumerate(events)
    ]


def log(seed: int, events: int = 90) -> list[Step]:
    """A stream with something of everything, in batches of up to four events."""
    rng = random.Random(seed)
    steps: list[Step] = []
    for step in range(events):
        late = rng.choice(
            [0, 0, 0, 0, rng.randrange(4), rng.randrange(4, 12), rng.randrange(4, 12), 30]
        )
        event = {
            "ts": step // 3 * 2 + step // 30 * 15 - late,
            "k": rng.choice(["a", "b", None]),
            "j": rng.choice([0, 1, None]),
            "b": rng.choice([True, False, None]),
            "v": rng.choice([None, rng.gauss(-1, 5)]),
            "q": rng.randrange(-5, 5),
        }
        partition = rng.choice([rng.randrange(3), steps[-1][0] if steps else 0])
        if rng.random() < 0.04:
            steps.append((partition, "idle"))
        if steps and steps[-1][0] == partition and len(steps[-1][1]) < 4:
            found = steps[-1][1]
            if not isinstance(found, str):
                found.append(event)
                continue
        steps.append((partition, [event]))
    return steps


def run(plans: Sequence[WindowPlan], steps: Sequence[Step], **flow: int) -> GroupFlow:
    """A whole stream, closed at its end."""
    made = GroupFlow(SOURCE, plans, **flow)  # type: ignore[arg-type]  # partitions and key groups
    for number, events in steps:
        made.step(number % made.partitions, events)
    made.finish()
    return made

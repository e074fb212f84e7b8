"""The messages: seeded, each made to be on time, a correction, dead or no event at all."""

import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto

from tests.dataflows.shop.poison import POISON, Event

BASE_MS = 1_700_000_000_000
OUT_OF_ORDERNESS_MS = 2_000
LATENESS_MS = 60_000
BUSY = (0, 1, 2)
SILENT = 3
"""Partition that never gets a message."""
SLEEPING = 4
"""Partition that gets a few at the start and the end, and nothing for long."""
PARTITIONS = 5


class Fate(Enum):
    """What a flow must make of a message that is an event."""

    ON_TIME = auto()
    CORRECTION = auto()
    LATE = auto()
    FILTERED = auto()


@dataclass(frozen=True)
class Message:
    """One line of the events file; the value None is a tombstone."""

    partition: int
    key: str | None
    value: str | None


@dataclass
class Story:
    """Messages and what a flow must make of them.

    Attributes:
        messages: in the order of their production.
        events: each decodable event that the filter leaves, with its fate.
        dead_letters: partition, offset and kind of every message to be refused.
        fates: number of events of each fate.
    """

    messages: list[Message] = field(default_factory=list)
    events: list[tuple[Fate, Event]] = field(default_factory=list)
    dead_letters: set[tuple[int, int, str]] = field(default_factory=set)
    fates: Counter[Fate] = field(default_factory=Counter)


def tell(count: int, seed: int = 1, *, partitions: tuple[int, ...] = ()) -> Story:
    """A story of so many messages: 5 % out of order, 1 % too late, 0.5 % poison.

    They go to these partitions, else to the busy ones and now and then the sleeping one.
    """
    chance = random.Random(seed)
    story = Story()
    offsets: Counter[int] = Counter()
    highs: dict[int, int] = {}
    now_ms = BASE_MS
    for number in range(count):
        now_ms += chance.randrange(21)
        partition = chance.choice(partitions or _awake(chance, number / count))
        high_ms = highs.get(partition)
        event = _event(chance, now_ms if high_ms is None else _time_ms(chance, now_ms, high_ms))
        offset = offsets[partition]
        offsets[partition] += 1
        if chance.random() < 0.005:
            kind, spoil = chance.choice(POISON)
            story.messages.append(Message(partition, event.get("shop"), spoil(event)))
            story.dead_letters.add((partition, offset, kind))
            continue
        story.messages.append(Message(partition, event.get("shop"), json.dumps(event)))
        fate = _fate(event, high_ms)
        story.fates[fate] += 1
        highs[partition] = max(event["ts"], event["ts"] if high_ms is None else high_ms)
        if fate is Fate.LATE:
            story.dead_letters.add((partition, offset, "late"))
        elif fate is not Fate.FILTERED:
            story.events.append((fate, event))
    return story


def _awake(chance: random.Random, done: float) -> tuple[int, ...]:
    awake = done < 0.02 or done > 0.98
    return (SLEEPING,) if awake and chance.random() < 0.1 else BUSY


def _time_ms(chance: random.Random, now_ms: int, high_ms: int) -> int:
    """A time relative to the highest of the partition so far; the limits themselves are likely."""
    drawn = chance.random()
    if drawn < 0.05:
        return high_ms - chance.choice([1, OUT_OF_ORDERNESS_MS, *_some(chance, 2, 1_999)])
    if drawn < 0.06:
        bound_ms = high_ms - OUT_OF_ORDERNESS_MS
        late_ms = [1, LATENESS_MS, LATENESS_MS + 1, *_some(chance, 2, 2 * LATENESS_MS)]
        return bound_ms - chance.choice(late_ms)
    return now_ms


def _some(chance: random.Random, low: int, high: int) -> Iterator[int]:
    yield from (chance.randint(low, high) for _ in range(20))


def _event(chance: random.Random, ts: int) -> Event:
    shop = chance.choice("abcde")
    failing = (ts - BASE_MS) // 60_000 % 5 == ord(shop) - ord("a")
    event: Event = {
        "ts": ts,
        "shop": shop,
        "till": chance.randint(1, 4),
        "amount": round(chance.gauss(20, 30), 2),
        "quantity": chance.randint(-2, 9),
        "gift": chance.random() < 0.3,
        "status": "fail" if chance.random() < (0.7 if failing else 0.05) else "ok",
        "note": "no field of the pipeline",
    }
    if chance.random() < 0.05:
        event["status"] = chance.choice(["test", "test", None])
    if chance.random() < 0.01:
        event["amount"] = chance.choice([0, 7, -3, -1e-9, 1e6])
    for name in ("shop", "till", "amount", "quantity", "gift"):
        drawn = chance.random()
        if drawn < 0.02:
            event[name] = None
        elif drawn < 0.03:
            del event[name]
    return event


def _fate(event: Event, high_ms: int | None) -> Fate:
    behind_ms = 0 if high_ms is None else high_ms - event["ts"]
    if event["status"] in ("test", None):
        return Fate.FILTERED
    if behind_ms <= OUT_OF_ORDERNESS_MS:
        return Fate.ON_TIME
    if behind_ms <= OUT_OF_ORDERNESS_MS + LATENESS_MS:
        return Fate.CORRECTION
    return Fate.LATE

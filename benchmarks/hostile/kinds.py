"""Hostile messages by kind, as whoever may write into the topic could send them."""

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
GIANT = 900_000
"""Characters of a giant key or text, just below what a broker takes unless told otherwise."""
FLOODED = "flooded"
"""The key that floods are of, and the region of all that is hostile and can be read."""


@dataclass(frozen=True)
class Sent:
    """A hostile message.

    Attributes:
        value: its value.
        key: its key.
        stamp_ms: its Kafka timestamp; None for the present.
    """

    value: bytes | None
    key: bytes | None = None
    stamp_ms: int | None = None


def payment(now_ms: int, **other: object) -> bytes:
    """A payment that can be read."""
    event = {"ts": now_ms, "card": FLOODED, "region": FLOODED, "amount": 1.0, "status": "ok"}
    return json.dumps(event | other).encode()


def _random(chance: random.Random, _: int) -> Iterator[Sent]:
    for _each in range(10):
        yield Sent(chance.randbytes(chance.randrange(2_000)), chance.randbytes(8))
    yield Sent(b"")
    yield Sent(None, b"\xff\xfe")


def _giant(chance: random.Random, now_ms: int) -> Iterator[Sent]:
    text = chance.choice("abc") * GIANT + str(chance.randrange(10**9))
    yield Sent(payment(now_ms, region=text))
    yield Sent(payment(now_ms, card=text))
    yield Sent(payment(now_ms), text.encode())
    yield Sent(payment(now_ms, note=text))
    yield Sent(b'{"card": "' + text.encode())


def _deep(chance: random.Random, now_ms: int) -> Iterator[Sent]:
    depth = chance.randrange(1_000, 100_000)
    yield Sent(b'{"ts":' * depth)
    yield Sent(b"[" * depth)
    yield Sent(payment(now_ms)[:-1] + b', "more": ' + b"[" * depth + b"]" * depth + b"}")


def _numbers(_: random.Random, now_ms: int) -> Iterator[Sent]:
    for number in ("1e400", "-1e400", "1" * 5_000, "1e-5000", "NaN", "Infinity", "1.7e308"):
        yield Sent(payment(now_ms).replace(b"1.0", number.encode()))
        yield Sent(payment(now_ms).replace(str(now_ms).encode(), number.encode()))


def _times(_: random.Random, now_ms: int) -> Iterator[Sent]:
    """Event times far away, of messages that tell the present as their Kafka timestamp."""
    for days in (1, 400, 70_000, 10**9, 10**15):
        yield Sent(payment(now_ms + days * DAY_MS))
        yield Sent(payment(now_ms - days * DAY_MS))
    yield Sent(payment(-1))
    yield Sent(payment(now_ms - 3 * 60_000))


def _stamps(_: random.Random, now_ms: int) -> Iterator[Sent]:
    """Event times far away, of messages whose Kafka timestamps tell the same.

    A broker of Kafka 4 refuses those that are more than an hour ahead, unless told otherwise. None
    is ahead by less than the allowed lateness: so much a sender may move the watermark, and then
    the windows of others are corrected when that is over.
    """
    for ahead_ms in (600_000, HOUR_MS - 60_000, DAY_MS, 70_000 * DAY_MS):
        yield Sent(payment(now_ms + ahead_ms), stamp_ms=now_ms + ahead_ms)
        yield Sent(payment(now_ms - ahead_ms), stamp_ms=max(1, now_ms - ahead_ms))
    yield Sent(payment(now_ms), stamp_ms=2**62 // 10**6)


def _window_flood(chance: random.Random, now_ms: int) -> Iterator[Sent]:
    """Many events of one key of the windows, each of a card of its own."""
    for _ in range(300):
        yield Sent(payment(now_ms, card=f"{FLOODED}-{chance.randrange(10**9)}"))


def _loop_flood(_: random.Random, now_ms: int) -> Iterator[Sent]:
    """Small payments of one card: each of them begins runs of the pattern and continues others."""
    for _each in range(20):
        yield Sent(payment(now_ms))


KINDS: dict[str, Callable[[random.Random, int], Iterator[Sent]]] = {
    "random": _random,
    "giant": _giant,
    "deep": _deep,
    "numbers": _numbers,
    "times": _times,
    "stamps": _stamps,
    "windows": _window_flood,
    "loops": _loop_flood,
}
"""For each kind what is sent at a time."""
BOMB, WEB = "bombs", "web"
ALL = (*KINDS, BOMB, WEB)

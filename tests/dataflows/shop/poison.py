"""Messages that are no events, and the kind of dead letter that each becomes."""

import json
from collections.abc import Callable
from typing import Any

FAR_FUTURE_MS = 4_000_000_000_000
TEXT_OF_BAD_BYTES = "\udcff\udcfe"
"""What the bytes FF FE, which are no UTF-8, are in a text."""

Event = dict[str, Any]


def _with(**changes: object) -> Callable[[Event], str]:
    return lambda event: json.dumps({**event, **changes})


def _without_time(event: Event) -> str:
    return json.dumps({key: value for key, value in event.items() if key != "ts"})


POISON: tuple[tuple[str, Callable[[Event], str | None]], ...] = (
    ("tombstone", lambda _: None),
    ("broken", lambda _: ""),
    ("broken", lambda _: "   "),
    ("broken", lambda event: json.dumps(event)[:-3]),
    ("broken", lambda event: json.dumps(event) * 2),
    ("broken", lambda event: json.dumps(event) + "\n" + json.dumps(event)),
    ("broken", lambda event: json.dumps({**event, "amount": float("nan")})),
    ("broken", lambda event: json.dumps({**event, "shop": TEXT_OF_BAD_BYTES}, ensure_ascii=False)),
    ("wrong_type", lambda event: json.dumps([event])),
    ("wrong_type", lambda _: "null"),
    ("wrong_type", lambda _: "42"),
    ("wrong_type", _with(shop=5)),
    ("wrong_type", _with(shop=["a"])),
    ("wrong_type", _with(status={"is": "ok"})),
    ("wrong_type", _with(amount="12.5")),
    ("wrong_type", _with(amount=True)),
    ("wrong_type", _with(quantity=1.5)),
    ("wrong_type", _with(quantity=2**63)),
    ("wrong_type", _with(till="3")),
    ("wrong_type", _with(gift=1)),
    ("wrong_type", _with(ts="now")),
    ("no_event_time", _with(ts=None)),
    ("no_event_time", _without_time),
    ("future", _with(ts=FAR_FUTURE_MS)),
)

"""How much the name of a field sounds like that of an event time."""

from tidegauge.spec.inference.names import words

_BEST = (
    "event time",
    "event timestamp",
    "event ts",
    "eventtime",
    "occurred at",
    "timestamp",
    "ts",
    "time",
    "datetime",
    "date time",
    "created at",
    "created",
    "measured at",
    "recorded at",
)
_TIMES = frozenset({"time", "timestamp", "ts", "at", "datetime", "date", "epoch", "when", "t"})
_OTHER_TIMES = frozenset(
    {"updated", "modified", "changed", "processed", "ingested", "received", "inserted", "stored"}
    | {"published", "sent", "expires", "expiry", "expiration", "due", "until", "valid", "birth"}
    | {"deleted", "closed", "ended", "end"}
)
"""Words of times that are another than the event's."""
_SOME, _OTHER, _NONE = len(_BEST), len(_BEST) + 1, len(_BEST) + 2


def name_rank(name: str) -> int:
    """Less is more likely: the best names, some time, another time, no time.

    >>> name_rank("eventTime") < name_rank("ts") < name_rank("read_at") < name_rank("updated_at")
    True
    """
    parts = words(name)
    if " ".join(parts) in _BEST:
        return _BEST.index(" ".join(parts))
    if not _OTHER_TIMES.isdisjoint(parts):
        return _OTHER
    return _NONE if _TIMES.isdisjoint(parts[:1] + parts[-1:]) else _SOME


def sounds_like_time(name: str) -> bool:
    """Whether the name is that of some time.

    >>> sounds_like_time("created_at"), sounds_like_time("amount")
    (True, False)
    """
    return name_rank(name) < _NONE

"""Names of key groups that the engine spreads evenly over its workers."""

import xxhash

MAX_GROUPS = 16
_STEPS = 997

_NAMES = (
    *("g101", "g62", "g20", "g43", "g3", "g16", "g28", "g47"),
    *("g10", "g8", "g112", "g30", "g36", "g26", "g19", "g11"),
)


def group_names(groups: int) -> tuple[str, ...]:
    """The engine's keys of key groups 0 to `groups` - 1.

    The engine routes a key by SipHash-1-3 of its name, modulo the number of workers; small sets of
    plain names come out uneven ("0" to "7" go 6:2 over two workers). Of these, the name of group
    `i` is routed to worker `i` modulo 2, 4, 8 or 16, so that any first few of them are spread as
    evenly as can be.

    Raises:
        ValueError: there are no such many groups.
    """
    if not 1 <= groups <= MAX_GROUPS:
        raise ValueError(f"{groups} key groups: allowed are 1 to {MAX_GROUPS}")
    return _NAMES[:groups]


def apart_ns(step: str) -> int:
    """What is added to the time of a letter: letters of two steps about the same events are two.

    Args:
        step: what the step works on, such as the names of its sources.
    """
    return MAX_GROUPS * (1 + xxhash.xxh3_64_intdigest(step.encode()) % _STEPS)

"""Series of which nothing comes any more: when each is gone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from operators.alerts.lifecycle import Life, Told, gone
from operators.keygroups.keys import Key
from tidegauge.batch import END_OF_TIME


@dataclass(frozen=True, slots=True)
class Gone:
    """Series that are gone, in the order of the times; all of one length."""

    keys: list[Key]
    times_ns: list[int]
    told: list[Told]
    lives: list[Life]

    def __bool__(self) -> bool:
        return bool(self.keys)


def gone_at(lives: Iterable[tuple[Key, Life]], stale_ns: int) -> Gone:
    """The end of these series, each so long after its last evaluation."""
    ended = sorted(lives, key=lambda one: one[1].seen_ns)
    return Gone(
        [key for key, _ in ended],
        [life.seen_ns + stale_ns for _, life in ended],
        [gone(life) for _, life in ended],
        [life for _, life in ended],
    )


class Silence:
    """Finds the series that nothing was told of for too long, as event time goes on.

    An evaluation at the very end of the time still counts. All are looked through only when the
    one that was silent for longest may be gone.

    Args:
        stale_ns: how long is too long.
    """

    def __init__(self, stale_ns: int) -> None:
        self._stale_ns = stale_ns
        self._due_ns = END_OF_TIME

    def is_over(self, life: Life, at_ns: int) -> bool:
        """Whether the series was gone before this time."""
        return at_ns - life.seen_ns > self._stale_ns

    def expect(self, life: Life) -> None:
        """A series may be gone from so long after its evaluation on."""
        self._due_ns = min(self._due_ns, life.seen_ns + self._stale_ns)

    def over(self, lives: Mapping[Key, Life], passed_ns: int) -> list[tuple[Key, Life]]:
        """Series that are gone where everything up to a time was told."""
        if passed_ns <= self._due_ns or passed_ns == END_OF_TIME:
            return []
        found = [(key, life) for key, life in lives.items() if self.is_over(life, passed_ns)]
        left = (life.seen_ns for life in lives.values() if not self.is_over(life, passed_ns))
        self._due_ns = min((seen_ns + self._stale_ns for seen_ns in left), default=END_OF_TIME)
        return found

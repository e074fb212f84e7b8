"""The runs of many patterns by key, and when time moves them."""

from collections.abc import Iterable, Iterator, Sequence
from heapq import heapify, heappop, heappush

from operators.cep.batch import Key
from operators.cep.buffer import NEVER
from operators.cep.results import Held
from operators.cep.runs import Runs

Timer = tuple[int, int, int, Key]
"""When the runs of a pattern in a key must be looked at: time, serial, pattern, key."""


class KeyedRuns:
    """Runs that are not idle, by key and number of the pattern, with a timer for each deadline.

    Args:
        patterns: how many there are.

    Attributes:
        by_key: runs by key and number of the pattern; no key is without any.
    """

    def __init__(self, patterns: int) -> None:
        self.by_key: dict[Key, dict[int, Runs]] = {}
        self._patterns = patterns
        self._timers: list[Timer] = []
        self._serial = 0

    def of_keys(self, keys: Iterable[Key]) -> list[dict[int, Runs]]:
        """For each pattern, the runs by place of the key among some."""
        found: list[dict[int, Runs]] = [{} for _ in range(self._patterns)]
        if self.by_key:
            get = self.by_key.get
            for at, key in enumerate(keys):
                of_key = get(key)
                if of_key is not None:
                    for number, runs in of_key.items():
                        found[number][at] = runs
        return found

    def keep(self, number: int, key: Key, runs: Runs) -> None:
        """Remember the runs of a pattern in a key, or forget them when none lives."""
        if runs.idle:
            self._forget(number, key)
            return
        of_key = self.by_key.get(key)
        if of_key is None:
            of_key = self.by_key[key] = {}
        of_key[number] = runs
        if runs.deadline_ns < runs.queued_ns:
            self._serial += 1
            runs.queued_ns = runs.deadline_ns
            heappush(self._timers, (runs.deadline_ns, self._serial, number, key))
            if len(self._timers) > 1_000 + 4 * len(self.by_key) * self._patterns:
                self._drop_stale()

    def due(self, time_ns: int) -> Iterator[tuple[int, Key, Runs]]:
        """Runs that a time moves, by their deadlines; `keep` them before the next are taken.

        Runs that are over by then are forgotten.
        """
        while self._timers and self._timers[0][0] <= time_ns:
            due_ns, _, number, key = heappop(self._timers)
            runs = self.by_key.get(key, {}).get(number)
            if runs is None or runs.queued_ns != due_ns:
                continue
            if runs.over(time_ns):
                self._forget(number, key)
                continue
            runs.queued_ns = NEVER
            yield number, key, runs

    def held(self) -> Held:
        """How much is held now, over all keys and patterns."""
        alive = [runs for of_key in self.by_key.values() for runs in of_key.values()]
        return _held(alive, len(self.by_key))

    def held_by_pattern(self) -> list[Held]:
        """How much is held now of each pattern."""
        found: list[list[Runs]] = [[] for _ in range(self._patterns)]
        for of_key in self.by_key.values():
            for number, runs in of_key.items():
                found[number].append(runs)
        return [_held(alive, len(alive)) for alive in found]

    def held_ns(self, key: Key) -> int:
        """Earliest end of the matches of a key that are held back; `NEVER` for none."""
        of_key = self.by_key.get(key, {})
        return min((runs.held_ns for runs in of_key.values()), default=NEVER)

    def _forget(self, number: int, key: Key) -> None:
        of_key = self.by_key.get(key)
        if of_key is not None and of_key.pop(number, None) is not None and not of_key:
            del self.by_key[key]

    def _drop_stale(self) -> None:
        self._timers = [
            timer
            for timer in self._timers
            if (runs := self.by_key.get(timer[3], {}).get(timer[2])) is not None
            and runs.queued_ns == timer[0]
        ]
        heapify(self._timers)


def _held(alive: Sequence[Runs], keys: int) -> Held:
    return Held(
        keys=keys,
        runs=sum(runs.bound for runs in alive),
        nodes=sum(runs.made for runs in alive),
        waiting=sum(len(runs.after.waiting) for runs in alive),
    )

"""Point times of records about matches: no two of a key are the same."""

from collections.abc import Callable, Mapping
from typing import Any

from operators.cep.batch import Key

Taken = tuple[str, Key]
"""Signal and key."""


class Points:
    """Gives each record of a signal and key a time of its own: its own, or the next that is free.

    As many matches of a key as there are may end with one event. In which order they are told
    follows from the events alone, and so do their times. Times that no later match can have are
    forgotten.

    Args:
        snapshot: times that an earlier run gave.
    """

    def __init__(self, snapshot: Mapping[Taken, list[int]] | None = None) -> None:
        self._taken = {taken: set(times) for taken, times in (snapshot or {}).items()}
        # Where the search for a free time goes on, after the one that was given last.
        self._next: dict[Taken, tuple[int, int]] = {}

    def take(self, signal: str, key: Key, at_ns: int) -> int:
        """The first free time from `at_ns` on."""
        taken = self._taken.setdefault((signal, key), set())
        asked_ns = at_ns
        last_ns, next_ns = self._next.get((signal, key), (at_ns, at_ns))
        if last_ns == asked_ns:
            at_ns = next_ns
        while at_ns in taken:
            at_ns += 1
        taken.add(at_ns)
        self._next[signal, key] = asked_ns, at_ns + 1
        return at_ns

    def forget(self, before_ns: int, held_ns: Callable[[Key], int]) -> None:
        """Forget times that no later match can have.

        Args:
            before_ns: watermark; no later match ends before this, but for one that is held back.
            held_ns: the earliest end of the matches that a key holds back.
        """
        for taken, times in list(self._taken.items()):
            least_ns = min(before_ns, held_ns(taken[1]))
            left = {at_ns for at_ns in times if at_ns >= least_ns}
            if left:
                self._taken[taken] = left
            else:
                del self._taken[taken]
                self._next.pop(taken, None)

    def snapshot(self) -> dict[Any, list[int]]:
        """Everything a restart needs."""
        return {taken: sorted(times) for taken, times in self._taken.items()}

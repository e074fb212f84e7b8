"""How often each client may do a thing."""

MOST_CLIENTS = 10_000
"""Clients that are remembered; of more, those that were heard last."""


class Rates:
    """An allowance for each client, which grows with time up to a burst.

    Of each client only the time is kept at which it has used up what it may (the generic cell rate
    algorithm), so that nothing has to be counted down.

    Args:
        per_s: how often, on average.
        burst: how often at once.
    """

    def __init__(self, per_s: float, burst: int) -> None:
        self._apart_s = 1.0 / per_s
        self._ahead_s = (burst - 1) / per_s
        self._used: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._used)

    def excess_s(self, client: str, now_s: float) -> float:
        """Count one if it may be now: 0; else how long the client has to wait."""
        wait_s = self._used.get(client, now_s) - self._ahead_s - now_s
        if wait_s > 0.0:
            return wait_s
        self._count(client, now_s)
        return 0.0

    def delay_s(self, client: str, now_s: float) -> float:
        """Count one, and how long it has to wait for its turn."""
        wait_s = self._used.get(client, now_s) - self._ahead_s - now_s
        self._count(client, now_s)
        return max(0.0, wait_s)

    def _count(self, client: str, now_s: float) -> None:
        used = max(self._used.pop(client, now_s), now_s)
        self._used[client] = used + self._apart_s
        if len(self._used) > MOST_CLIENTS:
            self._used = {each: at for each, at in self._used.items() if at > now_s}
            while len(self._used) > MOST_CLIENTS:
                del self._used[next(iter(self._used))]

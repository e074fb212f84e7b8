"""The open connections of the live page's server: counted by client, and watched."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from connectors.live.limits import Limits, client_of

_PROGRESS = 4_096
"""Fewer bytes that were taken are none: a client cannot hold its place by sipping."""


@dataclass(slots=True, eq=False)
class Connection:
    """An open connection.

    Attributes:
        transport: the connection itself.
        client: who opened it.
        since_s: when it took something last, or had taken all.
        written: bytes of messages that were written to it.
        taken: of these, so many had left this process when `since_s` was set.
        unsent: bytes that wait for it.
        deadline_s: when the request that it sends must be complete; None between requests.
        late: called when it is not.
    """

    transport: asyncio.Transport
    client: str
    since_s: float
    written: int = 0
    taken: int | None = 0
    unsent: int = 0
    deadline_s: float | None = None
    late: Callable[[], None] = lambda: None

    def moved(self) -> None:
        """It has taken enough that more may be written."""
        self.taken = None

    def look(self, now_s: float) -> None:
        """See how much waits for it, and whether it takes something."""
        self.unsent = self.transport.get_write_buffer_size()
        taken = self.written - self.unsent
        if not self.unsent or self.taken is None or taken >= self.taken + _PROGRESS:
            self.taken, self.since_s = taken, now_s


class Connections:
    """Admits connections within the limits, and ends those that hold a place for nothing.

    Args:
        limits: how many, and how long.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._open: dict[asyncio.Transport, Connection] = {}
        self._of_client = Counter[str]()
        self._unsent = 0
        self._room = asyncio.Event()
        self._room.set()

    def admit(self, transport: asyncio.Transport, now_s: float) -> Connection | None:
        """Count a connection that was opened; None when it is one too many.

        Args:
            transport: the connection.
            now_s: the time, as for `examine`.
        """
        peer = transport.get_extra_info("peername")
        client = client_of(str(peer[0]) if peer else None)
        limits = self.limits
        if len(self._open) >= limits.connections:
            return None
        if self._of_client[client] >= limits.connections_per_client:
            return None
        self._of_client[client] += 1
        connection = self._open[transport] = Connection(transport, client, now_s)
        return connection

    def of(self, transport: asyncio.Transport) -> Connection:
        """The connection that was admitted."""
        return self._open[transport]

    def lost(self, transport: asyncio.Transport) -> None:
        """A connection has ended."""
        connection = self._open.pop(transport, None)
        if connection is None:
            return
        self._of_client[connection.client] -= 1
        if not self._of_client[connection.client]:
            del self._of_client[connection.client]

    def wrote(self, connection: Connection, size: int) -> None:
        """A message was written."""
        connection.written += size
        self._unsent += size
        if self._unsent > self.limits.unsent_bytes:
            self._room.clear()

    async def room(self) -> None:
        """Return when less than `unsent_bytes` wait for all clients."""
        while self._unsent > self.limits.unsent_bytes:
            await self._room.wait()

    def examine(self, now_s: float) -> None:
        """End what is late or takes nothing; to be called every now and then."""
        limits = self.limits
        connections = list(self._open.values())
        for connection in connections:
            connection.look(now_s)
            if now_s - connection.since_s > limits.stall_s:
                connection.transport.abort()
            elif connection.deadline_s is not None and now_s > connection.deadline_s:
                connection.deadline_s = None
                connection.late()
        self._unsent = sum(connection.unsent for connection in connections)
        if self._unsent > limits.unsent_bytes:
            self._make_room(connections, now_s)
        if self._unsent <= limits.unsent_bytes:
            self._room.set()

    def _make_room(self, connections: list[Connection], now_s: float) -> None:
        """Give up those that take nothing, the greatest first, until there is room."""
        longest_s = self.limits.stall_full_s
        stalled = [each for each in connections if now_s - each.since_s > longest_s]
        for connection in sorted(stalled, key=lambda each: each.unsent, reverse=True):
            connection.transport.abort()
            self._unsent -= connection.unsent
            if self._unsent <= self.limits.unsent_bytes:
                return

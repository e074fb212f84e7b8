"""The feed: one reader of the source, any number of clients, and no queue for any of them.

A client has a position: the number of the last change that it was sent. Whoever is ready is sent
what came after its position, made from what the hub holds. So a client that is slow gets fewer and
larger messages, each with the latest state of what changed meanwhile, and costs no memory.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

import orjson

from connectors.live.encoded import Encoded
from connectors.live.hub import Hub
from connectors.live.requests import RefusedRequestError, parse_request
from connectors.live.source import FeedSource, Poll
from connectors.live.views import ALL, REMEMBERED, Selection, View

MOST_CLIENTS = 1_000
MOST_REPLIES = 8
"""So many errors wait for a client that does not read; of more, the newest."""
_FEW_CHANGES = 60
_LOOKS_PER_UPDATE = 5
_MOST_OFTEN_S = 0.005
_LEAST_OFTEN_S = 0.05


class ClientGoneError(Exception):
    """The client has closed its connection."""


class Channel(Protocol):
    """A connection to a client, which gives up by itself who takes nothing any more."""

    async def ready(self, *, large: bool) -> None:
        """Return when a message can be sent: what would have to wait is not made.

        Args:
            large: whether it will be a large one, which also waits for the other clients.
        """

    async def send(self, text: str) -> None:
        """Send a message.

        Raises:
            ClientGoneError: there is nobody any more.
        """

    async def receive(self) -> str | bytes | None:
        """The next message, or None when the client is gone."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How often something happens.

    Attributes:
        update_every_s: least time between two updates.
        refresh_s: time after which it is decided again which series matter most.
        range_s: how far back a page looks at first.
    """

    update_every_s: float = 1.0
    refresh_s: float = 5.0
    range_s: float = 900.0


@dataclass(slots=True, eq=False)
class _Client:
    selection: Selection = field(default_factory=Selection)
    position: int = ALL
    fresh: bool = True
    reply_to: str | None = None
    errors: list[dict[str, Any]] = field(default_factory=list)
    wake: asyncio.Event = field(default_factory=asyncio.Event)


class Feed:
    """Reads a source and serves clients, in one event loop.

    Args:
        hub: what is known; the feed fills it.
        source: where records come from; polled in a thread of its own.
        pace: how often.
        clock_ns: wall clock.

    Attributes:
        clients: number of clients now.
        polls: how often the source was read.
    """

    def __init__(
        self,
        hub: Hub,
        source: FeedSource,
        pace: Pace | None = None,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._hub = hub
        self._source = source
        self._pace = pace or Pace()
        self._clock_ns = clock_ns
        self._clients: set[_Client] = set()
        self._views: dict[Selection, View] = {}
        self._encoded = Encoded()
        self._ranked_s = 0.0
        self._ranked_change = 0
        self.polls = 0

    @property
    def clients(self) -> int:
        """Number of clients now."""
        return len(self._clients)

    async def run(self) -> None:
        """Read the source until cancelled."""
        loop = asyncio.get_running_loop()
        often_s = self._pace.update_every_s / _LOOKS_PER_UPDATE
        look_s = min(_LEAST_OFTEN_S, max(_MOST_OFTEN_S, often_s))
        with ThreadPoolExecutor(1, "feed-source") as thread:
            try:
                while True:
                    began = loop.time()
                    poll = await loop.run_in_executor(thread, self._source.poll)
                    self.polls += 1
                    changed = self._take(poll, loop.time())
                    # Between updates the time counts from the telling, not from the look before it.
                    due = loop.time() + self._pace.update_every_s if changed else began + look_s
                    await asyncio.sleep(max(0.0, due - loop.time()))
            finally:
                thread.submit(self._source.close)

    def _take(self, poll: Poll | None, now_s: float) -> bool:
        """Take in what the source gave and wake the clients, unless there is nothing to tell."""
        due = now_s >= self._ranked_s + self._pace.refresh_s
        now_ns = self._clock_ns()
        outdated = self._hub.is_due(now_ns) or (due and self._outdated())
        if poll is None and not outdated:
            return False
        self._hub.begin(now_ns)
        self._encoded.clear()
        if poll is not None:
            self._hub.take(poll)
            if poll.reset:
                self._start_anew()
        self._choose(again=due)
        if due:
            self._ranked_s, self._ranked_change = now_s, self._hub.change
        for client in self._clients:
            client.wake.set()
        return True

    def _outdated(self) -> bool:
        """Whether series are left out by an order that may have changed."""
        crowded = any(view.crowded for view in self._views.values())
        return crowded and self._hub.change > self._ranked_change

    def _start_anew(self) -> None:
        self._views.clear()
        for client in self._clients:
            client.fresh = True

    def _choose(self, *, again: bool) -> None:
        self._prune()
        for view in self._views.values():
            view.choose(again=again)

    def _prune(self) -> None:
        """Forget the views that nobody has any more."""
        wanted = {client.selection for client in self._clients}
        self._views = {each: view for each, view in self._views.items() if each in wanted}

    async def serve(self, channel: Channel) -> None:
        """Serve a client until it is gone or takes nothing any more."""
        client = _Client()
        self._clients.add(client)
        sending = asyncio.create_task(self._send(client, channel))
        receiving = asyncio.create_task(self._receive(client, channel))
        try:
            await asyncio.wait({sending, receiving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._clients.discard(client)
            for task in (sending, receiving):
                task.cancel()
                with suppress(asyncio.CancelledError, ClientGoneError):
                    await task

    async def _send(self, client: _Client, channel: Channel) -> None:
        while True:
            client.wake.clear()
            await channel.ready(large=self._is_large(client))
            for text in self._due(client):
                await channel.send(text)
            if not client.errors and not client.fresh and client.position >= self._hub.change:
                await client.wake.wait()

    def _is_large(self, client: _Client) -> bool:
        return client.fresh or client.position < self._hub.change - _FEW_CHANGES

    def _due(self, client: _Client) -> list[str]:
        texts = [_encode(error) for error in client.errors]
        client.errors.clear()
        if client.fresh or client.position < self._hub.change - REMEMBERED:
            texts.append(self._initial(client.selection, client.reply_to))
            client.fresh, client.reply_to = False, None
        elif client.position < self._hub.change:
            texts.append(self._update(client.selection, client.position))
        client.position = self._hub.change
        return texts

    def _view(self, selection: Selection) -> View:
        view = self._views.get(selection)
        if view is None:
            if len(self._views) > 2 * len(self._clients):
                self._prune()
            view = self._views[selection] = View(self._hub, selection)
        return view

    def _initial(self, selection: Selection, reply_to: str | None) -> str:
        encoded = self._encoded.get(selection, ALL)
        if encoded is None or reply_to is not None:
            message = self._initial_state(selection)
            if reply_to is not None:
                return _encode(message | {"reply_to": reply_to})
            encoded = self._encoded.put(selection, ALL, _encode(message))
        return encoded

    def _initial_state(self, selection: Selection) -> dict[str, Any]:
        view = self._view(selection)
        return {
            "type": "initial_state",
            "sequence": self._hub.change,
            "sent_ms": self._clock_ns() / 1e6,
            **self._hub.about,
            "settings": {
                "points": self._hub.points,
                "update_every_ms": self._pace.update_every_s * 1e3,
                "refresh_ms": self._pace.refresh_s * 1e3,
                "range_ms": self._pace.range_s * 1e3,
            },
            "selection": selection.as_json(),
            "overview": view.overview(),
            "rates": self._hub.pulse.rates(),
            "series": [],
            "alerts": [],
            "anomalies": [],
            **view.news(ALL),
        }

    def _update(self, selection: Selection, position: int) -> str:
        encoded = self._encoded.get(selection, position)
        if encoded is None:
            view = self._view(selection)
            message = {
                "type": "update",
                "sequence": self._hub.change,
                "since": position,
                "sent_ms": self._clock_ns() / 1e6,
                "overview": view.overview(),
                **view.news(position),
            }
            encoded = self._encoded.put(selection, position, _encode(message))
        return encoded

    async def _receive(self, client: _Client, channel: Channel) -> None:
        while (text := await channel.receive()) is not None:
            try:
                request = parse_request(text, self._hub.about)
            except RefusedRequestError as refused:
                error = {"type": "error", "message": str(refused)}
                if refused.reply_to is not None:
                    error["reply_to"] = refused.reply_to
                client.errors = [*client.errors, error][-MOST_REPLIES:]
            else:
                client.selection = client.selection.changed_by(request)
                client.reply_to = request.id
                client.fresh = True
            client.wake.set()


def _encode(message: Any) -> str:
    return orjson.dumps(message, option=orjson.OPT_SERIALIZE_NUMPY).decode()

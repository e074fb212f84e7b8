"""A TCP proxy that can stall: it takes what is sent and passes nothing on."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from urllib.parse import urlsplit

HOST = "127.0.0.1"
_PIECE = 65_536


class Proxy:
    """Passes connections on to a server.

    Args:
        url: the server, `http://host:port`.

    Attributes:
        url: where the proxy listens, once it runs.
    """

    def __init__(self, url: str) -> None:
        place = urlsplit(url)
        self._server = place.hostname, place.port
        self._loop = asyncio.new_event_loop()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self.url = ""

    def stall(self) -> None:
        """Pass nothing on until `go_on`."""
        self._loop.call_soon_threadsafe(self._flowing.clear)

    def go_on(self) -> None:
        """Pass on again, also what was held back."""
        self._loop.call_soon_threadsafe(self._flowing.set)

    @contextmanager
    def running(self) -> Iterator["Proxy"]:
        """Listen inside the `with`."""
        thread = Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        thread.start()
        listening = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        try:
            yield self
        finally:
            self._loop.call_soon_threadsafe(listening.close)
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join()

    async def _listen(self) -> asyncio.Server:
        server = await asyncio.start_server(self._connected, HOST, 0)
        self.url = f"http://{HOST}:{server.sockets[0].getsockname()[1]}"
        return server

    async def _connected(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        try:
            far, there = await asyncio.open_connection(*self._server)
        except OSError:
            back.close()
            return
        await asyncio.gather(self._pass(near, there), self._pass(far, back))

    async def _pass(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await source.read(_PIECE):
                await self._flowing.wait()
                sink.write(data)
                await sink.drain()
        sink.close()

"""The live page of a demo: there for whoever looks on, and never a reason for the demo to fail."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tidegauge.cli._browser import open_page
from tidegauge.cli._demo.options import Options
from tidegauge.cli._demo.processes import Child
from tidegauge.cli._demo.screen import Screen
from tidegauge.errors import UserMistake

PIPELINE = "pipelines/machines.yaml"
_ADDRESS = re.compile(r"http://\S+")


class LivePage:
    """Tells where the page is as soon as its server has started.

    Args:
        server: the server.
        screen: where to tell it.
    """

    def __init__(self, server: Child, screen: Screen) -> None:
        self._server = server
        self._screen = screen
        self._told = False

    def look(self) -> None:
        """Tell the address, or why there is none, once."""
        if self._told:
            return
        try:
            self._server.running()
            address = _ADDRESS.search(self._server.last_line())
        except UserMistake as mistake:
            self._told = True
            self._screen.say(f"No live page: {mistake}")
            return
        if address:
            self._told = True
            self._screen.say(f"Live page: {address[0]}")
            open_page(address[0])


@contextmanager
def live_page(
    options: Options, screen: Screen, variables: Mapping[str, str]
) -> Iterator[LivePage | None]:
    """The page's server as long as the block runs, if the demo shall have one."""
    if not options.live:
        yield None
        return
    arguments = ["-m", "tidegauge.cli", "live", PIPELINE, "--port", "0", "--no-open"]
    unbuffered = {**variables, "PYTHONUNBUFFERED": "1"}
    with Child("live page", arguments, unbuffered, options.log("live")) as server:
        yield LivePage(server, screen)

"""`tidegauge live`: the live page of a pipeline."""

from pathlib import Path
from typing import Annotated

import typer

from tidegauge.cli._say import say

HOST, PORT = "127.0.0.1", 8787
CONNECTIONS_PER_CLIENT = 100


def command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Pipeline file.")],
    *,
    store: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="The flow's SQLite file [TIDEGAUGE_STORE]."),
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = HOST,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0 takes a free one.")] = PORT,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A host name that the page may be reached by."),
    ] = None,
    connections_per_client: Annotated[
        int, typer.Option(min=1, help="Open connections of one address; more behind a proxy.")
    ] = CONNECTIONS_PER_CLIENT,
    open_browser: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the page in a browser, if there is one.")
    ] = True,
) -> None:
    """Show what a flow finds, as it finds it: a page with charts, gauges and alerts.

    It reads the store that the flow writes (`tidegauge run --embedded PATH`) and sends what is new
    to any number of browsers and programs; docs/live.md describes the messages. Ctrl-C and SIGTERM
    end it with exit code 0.
    """
    from connectors.live.feed import Feed, Pace
    from connectors.live.hub import Hub
    from connectors.live.limits import Limits
    from connectors.live.server import listen, serve
    from connectors.live.store_source import StoreSource
    from tidegauge.catalogue import catalogue_of
    from tidegauge.cli._browser import open_page
    from tidegauge.errors import UserMistake
    from tidegauge.settings import read_settings
    from tidegauge.spec.loader import load_pipeline
    from tidegauge.spec.models import SECOND_NS

    pipeline = load_pipeline(file)
    settings = read_settings()
    path = store or settings.store
    if path is None:
        raise UserMistake(
            "no store: name the SQLite file that the flow writes with --store or TIDEGAUGE_STORE"
        )
    catalogue = catalogue_of(pipeline)
    live = pipeline.dashboard
    pace = Pace(live.update / SECOND_NS, live.refresh / SECOND_NS, live.range / SECOND_NS)
    feed = Feed(Hub(pipeline, catalogue, live.buffer), StoreSource(path, catalogue), pace)
    listener = listen(host, port)
    token = settings.live_token.get_secret_value()
    if not token and not listener.private:
        say(
            f"warning: without a token everybody who reaches {host}:{listener.port} reads all of"
            f" {pipeline.pipeline}: set TIDEGAUGE_LIVE_TOKEN, or listen on {HOST}",
            err=True,
        )

    def started() -> None:
        say(f"Live page of {pipeline.pipeline}: {listener.url} (Ctrl-C ends it)")
        if open_browser:
            open_page(listener.url)

    limits = Limits(connections_per_client=connections_per_client)
    serve(feed, listener, allow_host or (), started, token, limits)

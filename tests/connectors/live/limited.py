"""The live page's server with other limits than the command has, so that a test need not wait.

python -m tests.connectors.live.limited STORE LIMITS
"""

import json
import sys
from pathlib import Path

from connectors.live.feed import Feed
from connectors.live.hub import Hub
from connectors.live.limits import Limits
from connectors.live.server import listen, serve
from connectors.live.store_source import StoreSource
from tests.connectors.live.records import CATALOGUE, PIPELINE


def main(store: Path, limits: Limits) -> None:
    """Serve until a signal."""
    feed = Feed(Hub(PIPELINE, CATALOGUE, 1_000), StoreSource(store, CATALOGUE))
    listener = listen(port=0)

    def started() -> None:
        sys.stdout.write(f"limited: {listener.url} (a signal ends it)\n")

    serve(feed, listener, on_start=started, limits=limits)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Limits(**json.loads(sys.argv[2])))

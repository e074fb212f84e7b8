"""One bounded run of the real flow of a pipeline file, timed from its first message to its end.

python -m benchmarks.poisoned.timed_flow FILE
"""

import json
import sys
from pathlib import Path

from bytewax.testing import run_main

from benchmarks.contestants.task import Tally
from benchmarks.contestants.timed import Timed
from dataflows.analytics import build
from dataflows.connections.servers import connect
from operators.keygroups.shelf import NOT_SAVED
from tidegauge.settings import read_settings
from tidegauge.spec.loader import load_pipeline


def main(file: Path) -> None:
    """Run it and print the tally."""
    pipeline = load_pipeline(file)
    sources, sinks, journal = connect(pipeline, read_settings(), file.parent)
    tally = Tally()
    timed = {name: Timed(source, tally) for name, source in sources.items()}
    run_main(build(pipeline, timed, sinks, journal=journal, saving=NOT_SAVED))  # type: ignore[no-untyped-call]  # it has no types
    # The sinks have written everything by now.
    tally.result()
    sys.stdout.write(json.dumps(tally.told()) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

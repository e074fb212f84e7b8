"""One run of one contestant.

    python -m benchmarks.contestants '{"contestant": "flow", "topic": …}'

The argument is a `Task` as JSON. Prints a `Tally` as one JSON object. The broker's address is in
`KAFKA_BOOTSTRAP`.
"""

import json
import sys

import dataflows  # noqa: F401 - first, as in a deployment: it sets the threads of Polars
from benchmarks.contestants.bare import bare, refilling
from benchmarks.contestants.flow import flow
from benchmarks.contestants.stock import stock
from benchmarks.contestants.task import Task
from tidegauge.settings import read_settings

_CONTESTANTS = {"bare": bare, "refilling": refilling, "flow": flow, "stock": stock}


def main() -> None:
    """Run the task that the command line holds."""
    task = Task(**json.loads(sys.argv[1]))
    print(json.dumps(_CONTESTANTS[task.contestant](task, read_settings()).told()))


if __name__ == "__main__":
    main()

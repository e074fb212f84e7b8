"""Run tests on demand, each time in a fork of a process that has imported the project.

`python -m tests.mutants.serve READ WRITE`, two pipes by number, says when it is ready, reads a
line of JSON for each run and answers with the exit code of pytest.
"""

import importlib
import json
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.mutants.exchange import exchange

NOT_EXCHANGED = 77
"""Exit code of a fork that could not take the fault in."""
_ROOMS = ("tidegauge", "operators", "connectors", "dataflows", "grafana")
_ALSO = ("hypothesis", "sqlglot")


def main(asks: int, answers: int) -> None:
    """Serve until there is nobody left who asks."""
    for name in (*_ALSO, *_modules()):
        importlib.import_module(name)
    # A fork would be without the threads of Polars, and wait for them for ever.
    if any(name.startswith("polars-0") for name in _threads()):
        raise RuntimeError("an import has started the threads of Polars")
    with os.fdopen(asks) as lines, os.fdopen(answers, "w") as told:
        print("ready", file=told, flush=True)
        for line in lines:
            child = os.fork()
            if not child:
                _run(json.loads(line))
            _, status = os.waitpid(child, 0)
            with suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)
            print(os.waitstatus_to_exitcode(status), file=told, flush=True)


def _modules() -> list[str]:
    """Modules of the project; what is only run as a program is none."""
    paths = [path for room in _ROOMS for path in sorted(Path(room).rglob("*.py"))]
    names = [".".join(path.with_suffix("").parts) for path in paths if path.stem != "__main__"]
    return [name.removesuffix(".__init__") for name in names]


def _threads() -> list[str]:
    tasks = Path("/proc/self/task").glob("*/comm")
    return [task.read_text(encoding="utf-8") for task in tasks]


def _run(ask: dict[str, Any]) -> None:
    """Take the fault in and run the tests; never comes back."""
    code = 1
    try:
        os.setsid()
        file = Path(ask["file"])
        if exchange(str(file), ask["before"].encode(), file.read_bytes()):
            code = int(pytest.main(ask["pytest"]))
        else:
            code = NOT_EXCHANGED
    finally:
        os._exit(code)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

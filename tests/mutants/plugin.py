"""A pytest plugin for trials: it runs chosen tests only, and notes what each test runs.

`--chosen FILE` names the tests, one a line, in the order in which they run. `--noted FILE` is where
the seconds of each test that passes go, while `coverage` notes the lines under the test's name.
`--serve READ,WRITE` collects all tests and then runs some of them for each line that is read from a
pipe, in a fork, so that nothing is imported again.
"""

import json
import os
import signal
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path
from typing import Any

import coverage
import pytest

from tests.mutants.exchange import exchange

NOT_EXCHANGED = 77
"""Exit code of a fork that could not take the fault in."""
CONTEXT = "MUTANTS_TEST"
"""Environment variable with the running test's name, for the processes that it starts."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("mutants")
    group.addoption("--chosen", type=Path, help="file with the tests that run")
    group.addoption("--noted", type=Path, help="file for the seconds of each test")
    group.addoption("--serve", help="two pipes, by number")


def pytest_configure(config: pytest.Config) -> None:
    """Note what tests run, or run some on demand, where that is asked for."""
    if noted := config.getoption("noted"):
        config.pluginmanager.register(_Notes(noted))
    if serve := config.getoption("serve"):
        config.pluginmanager.register(_Server(*map(int, serve.split(","))))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the chosen tests, in their order."""
    if chosen := config.getoption("chosen"):
        names = chosen.read_text(encoding="utf-8").splitlines()
        places = {name: place for place, name in enumerate(names)}
        items[:] = sorted(
            (item for item in items if item.nodeid in places),
            key=lambda item: places[item.nodeid],
        )


class _Notes:
    """The seconds of each test that passed, and its name for `coverage`."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._seconds: dict[str, float] = {}
        self._failed: set[str] = set()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        os.environ[CONTEXT] = item.nodeid
        running = coverage.Coverage.current()
        if running is not None:
            running.switch_context(item.nodeid)
        return (yield)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.passed:
            before = self._seconds.get(report.nodeid, 0.0)
            self._seconds[report.nodeid] = before + report.duration
        elif report.failed:
            self._failed.add(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        kept = {name: s for name, s in self._seconds.items() if name not in self._failed}
        told = {"seconds": kept, "failed": sorted(self._failed)}
        self._file.write_text(json.dumps(told), encoding="utf-8")


class _Server:
    """Runs tests on demand, each time in a fork of the process that has collected them."""

    def __init__(self, asks: int, answers: int) -> None:
        self._asks = asks
        self._answers = answers

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        session.config.pluginmanager.unregister(self)
        known = {item.nodeid: item for item in session.items}
        with os.fdopen(self._asks) as asks, os.fdopen(self._answers, "w") as answers:
            for line in asks:
                ask = json.loads(line)
                child = os.fork()
                if not child:
                    session.items = [known[name] for name in ask["tests"] if name in known]
                    _run(session, ask)
                _, status = os.waitpid(child, 0)
                with suppress(ProcessLookupError):
                    os.killpg(child, signal.SIGKILL)
                print(os.waitstatus_to_exitcode(status), file=answers, flush=True)
        return True


def _run(session: pytest.Session, ask: dict[str, Any]) -> None:
    """Take the fault in and run the tests; the exit code says what became of them."""
    code = 1
    try:
        os.setsid()
        signal.alarm(int(ask["seconds"]) + 1)
        if exchange(ask["file"], ask["before"].encode(), Path(ask["file"]).read_bytes()):
            with suppress(session.Failed):
                session.config.hook.pytest_runtestloop(session=session)
                code = 1 if session.testsfailed else 0
        else:
            code = NOT_EXCHANGED
    finally:
        os._exit(code)

"""A pytest plugin for trials: it runs chosen tests only, and notes what each test runs.

`--chosen FILE` names the tests, one a line, in the order in which they run. `--longest SECONDS` is
how long a process may keep the processor, and a tenth of how long all may last. `--noted FILE` is
where the processor's seconds of each test that passes go, while `coverage` notes the lines under
the test's name.
"""

import json
import os
import resource
import signal
from collections.abc import Generator
from pathlib import Path

import coverage
import pytest

CONTEXT = "MUTANTS_TEST"
"""Environment variable with the running test's name, for the processes that it starts."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("mutants")
    group.addoption("--chosen", type=Path, help="file with the tests that run")
    group.addoption("--longest", type=int, help="seconds of the processor for each process")
    group.addoption("--noted", type=Path, help="file for the seconds of each test")


def pytest_configure(config: pytest.Config) -> None:
    """Limit how long it lasts and note what tests run, where that is asked for."""
    if longest := config.getoption("longest"):
        resource.setrlimit(resource.RLIMIT_CPU, (longest, longest))
        signal.alarm(10 * longest)
    if noted := config.getoption("noted"):
        config.pluginmanager.register(_Notes(noted))


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
        self._seconds[item.nodeid] = before = sum(os.times()[:4])
        try:
            return (yield)
        finally:
            if item.nodeid in self._seconds:
                self._seconds[item.nodeid] = sum(os.times()[:4]) - before

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._failed.add(report.nodeid)
        elif report.skipped:
            self._seconds.pop(report.nodeid, None)

    def pytest_sessionfinish(self) -> None:
        kept = {name: s for name, s in self._seconds.items() if name not in self._failed}
        told = {"seconds": kept, "failed": sorted(self._failed)}
        self._file.write_text(json.dumps(told), encoding="utf-8")

"""A pytest plugin for trials: it runs chosen tests only, and notes what each test runs.

`--chosen FILE` names the tests, one a line, in the order in which they run. `--noted FILE` is where
the seconds of each test that passes go, while `coverage` notes the lines under the test's name.
"""

import json
import os
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
    group.addoption("--noted", type=Path, help="file for the seconds of each test")


def pytest_configure(config: pytest.Config) -> None:
    """Note what tests run, where that is asked for."""
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

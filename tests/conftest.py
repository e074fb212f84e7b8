"""What holds for all tests: the servers, the marker of those that need one, no skips in CI."""

import os
import signal
from collections.abc import Generator
from typing import Any

import hypothesis
import pytest

from tests.fuzz import times
from tests.grafana.tally import summary, tally
from tests.services.fixtures import FIXTURES, influxdb, kafka
from tidegauge.expressions.cache import forget

__all__ = ["influxdb", "kafka"]

# Times are no requirement here, and CI must say the same of the same code each time.
hypothesis.settings.register_profile("default", deadline=None, max_examples=times(100))
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, max_examples=times(100))
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "default")


def pytest_configure() -> None:
    """End as by Ctrl-C when asked to end, so that servers are stopped and their folders removed."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that ask for a server."""
    for item in items:
        if FIXTURES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker("services")


def pytest_runtest_setup() -> None:
    """Let each test run the lines that it needs, whatever another has compiled before it."""
    forget()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Make a skip a failure in CI, where everything that a test needs must be had."""
    report = yield
    if os.environ.get("CI") and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"a skip is a failure in CI: {report.longrepr}"
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand what was counted to the process that started this one as one of several, if it did."""
    told: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if told is not None:
        told["checked"] = dict(tally(session.config))


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Add what one of several processes has counted; one that crashed tells nothing."""
    tally(node.config).update(getattr(node, "workeroutput", {}).get("checked", {}))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say what was checked."""
    if line := summary(config):
        terminalreporter.write_line(f"Grafana, checked: {line}")

"""A saved state says its version, and that of another program is refused before it is read."""

from collections.abc import Callable
from typing import Any

import pytest

from operators.alerts.group import AlertGroup
from operators.cep.ordering import EventTimeOrder
from operators.detectors.gather import PeerGroup
from operators.detectors.group import AnomalyGroup
from operators.forecasts.group import ForecastGroup
from operators.ledger.ledger import PartitionLedger
from operators.ordering.group import OrderGroup
from operators.windows.others import Others
from tidegauge.errors import UserMistake

# What it is, its version, and how it is made from a saved state. The numbers are what recovery
# directories out there hold: another one here needs a way to read these.
STATES: list[tuple[str, int, Callable[[Any], Any]]] = [
    ("alerts", 3, lambda saved: AlertGroup([], int, saved)),
    ("anomalies", 2, lambda saved: AnomalyGroup([], int, saved)),
    ("forecasts", 2, lambda saved: ForecastGroup([], int, saved)),
    ("groups of peers", 1, lambda saved: PeerGroup([], 1, saved)),
    ("ledgers", 1, PartitionLedger),
    ("ordered events", 2, lambda saved: OrderGroup([], saved)),
    ("other series", 1, lambda saved: Others([], 1, int, saved)),
]
ids = [what for what, *_ in STATES]


@pytest.mark.parametrize(("what", "version", "made"), STATES, ids=ids)
def test_another_version_is_refused(what: str, version: int, made: Callable[[Any], Any]) -> None:
    for other in (0, version + 1):
        with pytest.raises(
            UserMistake, match=f"^saved state: {what} have version {other}, .* {version};"
        ):
            made({"version": other})


@pytest.mark.parametrize(("what", "version", "made"), STATES, ids=ids)
def test_its_own_version_is_read(what: str, version: int, made: Callable[[Any], Any]) -> None:
    saved = made(None).snapshot()
    assert saved["version"] == version, what
    assert made(saved).snapshot() == saved


def test_events_in_order_of_another_version_are_refused() -> None:
    assert EventTimeOrder().snapshot()["version"] == 1
    with pytest.raises(UserMistake, match=r"^saved state: events in order have version 2"):
        EventTimeOrder().restore({"version": 2})

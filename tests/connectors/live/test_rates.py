"""How often a client may do a thing, and that it is remembered of so many only."""

import pytest

from connectors.live import rates
from connectors.live.encoded import Encoded
from connectors.live.limits import client_of
from connectors.live.rates import Rates
from connectors.live.views import Selection


def test_a_burst_is_allowed_and_then_the_rate() -> None:
    allowed = Rates(per_s=2.0, burst=3)
    assert [allowed.excess_s("a", 10.0) for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]
    assert allowed.excess_s("b", 10.0) == 0.0
    assert allowed.excess_s("a", 10.5) == 0.0
    assert allowed.excess_s("a", 10.5) == 0.5
    assert [allowed.excess_s("a", 60.0) for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]


def test_what_waits_for_its_turn_is_counted() -> None:
    allowed = Rates(per_s=2.0, burst=2)
    assert [allowed.delay_s("a", 10.0) for _ in range(5)] == [0.0, 0.0, 0.5, 1.0, 1.5]


def test_so_many_clients_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "MOST_CLIENTS", 100)
    allowed = Rates(per_s=0.001, burst=1)
    for number in range(1_000):
        allowed.excess_s(f"c{number}", 10.0)
    assert len(allowed) == 100
    assert allowed.excess_s("c999", 10.0) > 0.0


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:0:1::7", "2001:db8:0:1::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        (None, ""),
    ],
)
def test_a_client_is_an_address_or_the_network_of_one(address: str | None, client: str) -> None:
    assert client_of(address) == client


def test_messages_that_are_kept_are_bounded_in_number_and_size() -> None:
    kept = Encoded()
    for number in range(1_000):
        kept.put(Selection(search=str(number)), -1, "x")
    assert (len(kept), kept.bytes) == (256, 256)
    for number in range(100):
        kept.put(Selection(search=str(number)), 7, "x" * 2**20)
    assert (len(kept), kept.bytes) == (64, 64 * 2**20)
    assert kept.get(Selection(search="99"), 7) is not None
    assert kept.put(Selection(), 8, "x" * 2**27) == "x" * 2**27
    assert (len(kept), kept.bytes) == (0, 0)

import signal
from collections.abc import Iterator

import pytest

from tidegauge.cli._demo.interrupts import Interrupts


@pytest.fixture(autouse=True)
def _as_at_a_terminal() -> Iterator[None]:
    """Tests that are run under nohup would ignore a hang-up."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_is_noted_and_raised_when_asked_for(sign: signal.Signals) -> None:
    with Interrupts() as interrupts:
        interrupts.raise_if_any()
        signal.raise_signal(sign)
        with pytest.raises(KeyboardInterrupt):
            interrupts.raise_if_any()


def test_afterwards_signals_do_what_they_did() -> None:
    before = signal.getsignal(signal.SIGINT)
    with Interrupts():
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) == before

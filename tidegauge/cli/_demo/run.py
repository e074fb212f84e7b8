"""One demo from the start of its broker to its summary."""

import time
from contextlib import closing

import orjson

from connectors.embedded.reader import open_store
from dataflows.simulation.sender import TOPIC
from dataflows.simulation.truth import read_truth
from tidegauge.cli._demo import records
from tidegauge.cli._demo.interrupts import Interrupts
from tidegauge.cli._demo.options import Options, fresh_folder
from tidegauge.cli._demo.page import LivePage, live_page
from tidegauge.cli._demo.processes import Child, environment, mock_broker
from tidegauge.cli._demo.records import Records
from tidegauge.cli._demo.score import explanation
from tidegauge.cli._demo.screen import Screen
from tidegauge.cli._demo.summary import Summary, summarise
from tidegauge.errors import UserMistake

FLOW = "dataflows.analytics:flow('pipelines/machines.yaml')"
_FETCH_WAIT_MS = 10
"""The mock broker answers a fetch when the wait is over, also when there is something before."""
_START_S = 60.0
_CATCH_UP_S = 10.0
_POLL_S = 0.2


def run(options: Options, screen: Screen, interrupts: Interrupts) -> Summary:
    """Run the demo and tell what came of it.

    Raises:
        UserMistake: it could not run.
        KeyboardInterrupt: somebody asked it to end; all it started has ended.
    """
    with fresh_folder(options), mock_broker(TOPIC) as (address, partitions):
        screen.say(f"Broker at {address}; the flow and the simulator are starting")
        simulate = _simulator(options)
        variables = environment(
            {
                "KAFKA_BOOTSTRAP": address,
                "KAFKA_FETCH_WAIT_MS": str(_FETCH_WAIT_MS),
                "TIDEGAUGE_STORE": str(options.store.absolute()),
            }
        )
        with (
            Child("simulator", simulate, variables, options.log("simulator")) as simulator,
            Child("flow", ["-m", "bytewax.run", FLOW], variables, options.log("flow")) as flow,
            live_page(options, screen, variables) as page,
        ):
            stage = Stage(options, screen, interrupts, simulator, flow, page)
            stage.await_flow(partitions)
            stage.stream()
            stage.drain()
        with closing(open_store(options.store)) as connection:
            return summarise(options, Records(connection), read_truth(options.truth))


def _simulator(options: Options) -> list[str]:
    truth = str(options.truth.absolute())
    arguments = ["--seconds", str(options.seconds), "--seed", str(options.seed), "--truth", truth]
    return ["-m", "dataflows.simulate", "--hold", *arguments]


class Stage:
    """The steps of a demo whose processes have been started."""

    def __init__(
        self,
        options: Options,
        screen: Screen,
        interrupts: Interrupts,
        simulator: Child,
        flow: Child,
        page: LivePage | None = None,
    ) -> None:
        self._options = options
        self._screen = screen
        self._interrupts = interrupts
        self._simulator = simulator
        self._flow = flow
        self._page = page
        self._shown: set[tuple[str, str, int]] = set()

    def await_flow(self, partitions: int) -> None:
        """Wait until the flow has stored its count of the first readings of every partition.

        Raises:
            UserMistake: it ends before that, or takes longer than a minute.
        """
        deadline = time.monotonic() + _START_S
        while not self._reads(partitions):
            if time.monotonic() > deadline:
                raise UserMistake(
                    f"the flow stored nothing within {_START_S:.0f} s: {self._flow.last_line()}"
                )
            self._pause()

    def stream(self) -> None:
        """Let the simulator send its stream, and show what comes of it."""
        self._screen.say("Alerts in event time (✓ an injected fault explains it, ✗ none does):")
        self._simulator.go()
        started = time.monotonic()
        with closing(open_store(self._options.store)) as connection, self._screen.progress():
            store = Records(connection)
            while self._simulator.running():
                self._pause()
                self._show(store, time.monotonic() - started)
            sent = sum(orjson.loads(self._simulator.last_line()).values())
            deadline = time.monotonic() + _CATCH_UP_S
            while store.value(records.EVENTS) < sent and time.monotonic() < deadline:
                self._pause()
                self._show(store, time.monotonic() - started)

    def drain(self) -> None:
        """End the flow, and show what it still wrote.

        Raises:
            UserMistake: it did not end as it should.
        """
        code = self._flow.end()
        if code:
            raise UserMistake(f"the flow ended with exit code {code}: {self._flow.last_line()}")
        with closing(open_store(self._options.store)) as connection:
            self._show_alerts(Records(connection))

    def _pause(self) -> None:
        """Wait a moment; go on only while nothing has failed and nobody asked to end."""
        time.sleep(_POLL_S)
        self._interrupts.raise_if_any()
        if self._page is not None:
            self._page.look()
        self._simulator.running()
        if not self._flow.running():
            raise UserMistake(f"the flow ended before the stream: {self._flow.last_line()}")

    def _reads(self, partitions: int) -> bool:
        if not self._options.store.is_file():
            return False
        with closing(open_store(self._options.store)) as connection:
            store = Records(connection)
            return bool(store.ready() and store.value(records.PARTITIONS) == partitions)

    def _show(self, store: Records, elapsed_s: float) -> None:
        self._screen.advance(elapsed_s, store.value(records.EVENTS), store.value(records.WINDOWS))
        self._show_alerts(store)

    def _show_alerts(self, store: Records) -> None:
        new = [firing for firing in store.firings() if firing.key not in self._shown]
        if new:
            truths = read_truth(self._options.truth)
            for firing in new:
                self._screen.alert(firing, explanation(firing, truths))
            self._shown.update(firing.key for firing in new)

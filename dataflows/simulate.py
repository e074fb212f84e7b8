"""The simulator: readings of twenty machines into a Kafka topic, with faults whose truth it keeps.

    python -m dataflows.simulate --seconds 60 --seed 1 --truth truth.jsonl

The readings are what `pipelines/machines.yaml` reads; the broker is the one of `KAFKA_BOOTSTRAP`.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import orjson

from dataflows.lifecycle.startup import one_line_errors
from dataflows.simulation.floor import MACHINES
from dataflows.simulation.mishaps import Mishap
from dataflows.simulation.pace import SPEED, Pace, span_ns
from dataflows.simulation.sender import Sender
from dataflows.simulation.stream import Reading, Stream
from dataflows.simulation.truth import write_truth
from tidegauge.errors import Stop, UserMistake
from tidegauge.settings import read_settings
from tidegauge.spec.models import SECOND_NS

_STEP_S = 0.05
"""Readings go out in clumps: a mock broker searches its message sets one by one at each fetch."""
_AFTER_END_NS = 2 * SECOND_NS
"""Longer than the second in which the flow counts its messages once."""


def simulate(
    sender: Sender,
    stream: Stream,
    run_ns: int,
    truth: Path | None,
    wait: Callable[[], None] = lambda: None,
    speed: int = SPEED,
) -> None:
    """Send a stream.

    A first reading of every machine goes ahead; then `wait` is called, and only when it returns
    does the clock of the stream start. A moment after its end one more reading goes into each
    partition: with it the watermark passes the last windows.
    """
    readings = iter(stream)
    ahead = Pace(run_ns, time.time_ns(), speed)
    for reading in islice(readings, len(MACHINES)):
        sender.send(reading, ahead.origin_ns)
    sender.flush()
    wait()
    pace = Pace(run_ns, time.time_ns(), speed)
    if truth is not None:
        write_truth(truth, stream.faults, pace.origin_ns)
    last = _paced(sender, readings, pace)
    sender.flush()
    after_end_ns = pace.span_ns + _AFTER_END_NS
    _sleep_until(pace, after_end_ns)
    for reading in _closing(last, sender.partitions, after_end_ns):
        sender.send(reading, pace.origin_ns)
    sender.flush()


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command: exit code 0, or 2 when the readings could not be sent."""
    asked = _parser().parse_args(arguments)
    run_ns = int(asked.seconds * SECOND_NS)
    with one_line_errors():
        if asked.seconds <= 0 or asked.seed < 0 or asked.speed < 1:
            raise UserMistake(
                "--seconds must be above 0, --speed at least 1 and --seed not negative"
            )
        sender = Sender(read_settings())
        try:
            stream = Stream(asked.seed, span_ns(run_ns, asked.speed))
            wait = _await_line if asked.hold else _go
            simulate(sender, stream, run_ns, asked.truth, wait, asked.speed)
        except Stop as stop:
            raise UserMistake(f"{stop}; is the broker still there?") from None
        except OSError as error:
            raise UserMistake(f"--truth {asked.truth}: {error.strerror}") from None
    sys.stdout.write(f"{orjson.dumps(sender.sent, option=orjson.OPT_NON_STR_KEYS).decode()}\n")


def _paced(sender: Sender, readings: Iterable[Reading], pace: Pace) -> dict[int, Reading]:
    """Send each reading when it is due; the last one of every machine is returned."""
    last = {}
    for reading in readings:
        if reading.send_ns >= pace.due_ns(time.time_ns()):
            sender.poll()
            _sleep_until(pace, reading.send_ns)
        sender.send(reading, pace.origin_ns)
        last[reading.machine] = reading
    return last


def _closing(last: dict[int, Reading], partitions: int, at_ns: int) -> Iterable[Reading]:
    """What one machine of each partition measured last, measured again."""
    for machine in range(partitions):
        yield replace(last[machine], send_ns=at_ns, at_ns=at_ns, mishap=Mishap.NONE)


def _sleep_until(pace: Pace, send_ns: int) -> None:
    while pace.due_ns(time.time_ns()) <= send_ns:
        time.sleep(_STEP_S)


def _go() -> None:
    pass


def _await_line() -> None:
    if not sys.stdin.readline():
        raise UserMistake("--hold: standard input ended before the line that starts the stream")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dataflows.simulate", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--seconds", type=float, default=60.0, help="how long to send")
    parser.add_argument(
        "--speed",
        type=int,
        default=SPEED,
        help="how many times faster than the clock event time goes; 1 sends it as it happens",
    )
    parser.add_argument("--seed", type=int, default=1, help="the same one gives the same stream")
    parser.add_argument("--truth", type=Path, help="file to write the faults to, as JSON lines")
    parser.add_argument(
        "--hold",
        action="store_true",
        help="after the first readings wait for a line on standard input",
    )
    return parser


if __name__ == "__main__":
    main()

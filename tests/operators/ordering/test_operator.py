from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import bytewax.operators as op
from bytewax.dataflow import Dataflow, Stream
from bytewax.testing import TestingSink, TestingSource

from operators.ordering.operator import order_events
from operators.ordering.plan import Ordering
from tests.operators.keygroups.engine import run, run_crashing
from tests.operators.ordering.events import batch
from tidegauge.batch import EventBatch
from tidegauge.records import RecordBatch

BY_CARD = Ordering("payments", ("card",), frozenset({"amount"}))
Item = tuple[str, RecordBatch]
LOG = [
    batch([(0, 10, "a", 1.0), (1, 12, "b", 2.0), (2, 8, "a", 3.0)], 12),
    batch([(3, 14, "a", 4.0)], 14),
    batch([(4, 18, "b", 5.0), (5, 13, "a", 6.0)], 18),
    batch([(6, 17, "a", 7.0), (7, 30, "b", 8.0)], 30),
    batch([], 60),
]
IN_ORDER = {"a": [8, 10, 13, 14, 17], "b": [12, 18, 30]}


def _flow(source: Sequence[EventBatch | TestingSource.ABORT], out: list[Item]) -> Dataflow:
    flow = Dataflow("ordering")
    batches: Stream[EventBatch] = op.input("in", flow, TestingSource(source))
    op.output("out", order_events("order", batches, [BY_CARD], 4), TestingSink(out))
    return flow


def _by_card(items: list[Item]) -> dict[str, list[int]]:
    """Event times of each card as they came; what came again after a crash counts once."""
    times: dict[str, dict[int, int]] = defaultdict(dict)
    for _, record in items:
        for time, offset, card in record.frame.select("_time_ns", "_offset", "card").rows():
            times[card].setdefault(offset, time)
    return {card: list(seen.values()) for card, seen in times.items()}


def test_events_come_in_order_by_card_with_what_is_wanted_and_no_more() -> None:
    out: list[Item] = []
    run(_flow(list(LOG), out))
    assert _by_card(out) == IN_ORDER
    columns = ["_time_ns", "_offset", "_partition", "amount", "card", "time_ns"]
    assert all(record.frame.columns == columns for _, record in out)


def test_two_workers_give_the_same() -> None:
    out: list[Item] = []
    run(_flow(list(LOG), out), workers=2)
    assert _by_card(out) == IN_ORDER


def test_a_crash_anywhere_loses_and_disorders_nothing(tmp_path: Path) -> None:
    for at in range(1, len(LOG)):
        out: list[Item] = []
        run_crashing(_flow([*LOG[:at], TestingSource.ABORT(), *LOG[at:]], out), tmp_path / str(at))
        assert _by_card(out) == IN_ORDER

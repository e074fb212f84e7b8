from collections.abc import Iterable
from typing import Any

import pytest

from connectors.kafka.standstill import Standstill, Standstills

PLACE = ("orders", 3)


def statistics(**changes: Any) -> dict[str, Any]:
    """Those of a client that asks for offset 7 of a log that ends at 10, in vain."""
    answers = changes.pop("answers")
    partition = {
        "next_offset": 7,
        "ls_offset": 10,
        "eof_offset": -1001,
        "fetchq_cnt": 0,
        "fetch_state": "active",
        "broker": 1,
        "leader": 1,
    }
    return {
        "brokers": {"1": {"nodeid": 1, "rx": answers}},
        "topics": {"orders": {"partitions": {"3": {**partition, **changes}}}},
    }


def judged(looks: Iterable[dict[str, Any]]) -> Standstill | None:
    """What is said after looks every 5 s, where 20 s are too long."""
    standstills = Standstills(5.0, 20.0)
    for look in looks:
        standstills.look(look)
    return standstills.of(PLACE)


def test_a_partition_whose_log_goes_on_and_whose_offset_does_not_stands_still() -> None:
    assert judged(statistics(answers=look) for look in range(5)) == Standstill(7, 10)
    assert judged(statistics(answers=look) for look in range(4)) is None


@pytest.mark.parametrize(
    ("what", "changes"),
    [
        ("a reader that rests: what was fetched waits", {"fetchq_cnt": 5}),
        ("a partition that is paused", {"fetch_state": "stopped"}),
        ("an open transaction: readers may not read on", {"ls_offset": 7}),
        ("a partition without a leader", {"leader": -1, "broker": -1}),
        ("a partition that another broker leads now", {"leader": 2}),
        ("the end of the log", {"ls_offset": 7, "eof_offset": 7}),
        (
            "the end of the log, of which the broker has not told more",
            {"ls_offset": -1, "eof_offset": 7},
        ),
        ("a position that is not known yet", {"next_offset": -1001}),
    ],
)
def test_what_is_no_standstill(what: str, changes: dict[str, Any]) -> None:
    assert judged(statistics(answers=look, **changes) for look in range(20)) is None, what


def test_a_broker_that_is_away_or_takes_long_to_send_is_no_standstill() -> None:
    assert judged(statistics(answers=5) for _ in range(20)) is None


def test_offsets_that_hold_nothing_for_readers_are_passed_and_are_no_standstill() -> None:
    looks = range(20)
    assert judged(statistics(answers=n, next_offset=n, ls_offset=100) for n in looks) is None


def test_a_broker_that_answers_and_tells_no_end_of_the_log_is_one() -> None:
    assert judged(statistics(answers=look, ls_offset=-1) for look in range(5)) == Standstill(7, -1)

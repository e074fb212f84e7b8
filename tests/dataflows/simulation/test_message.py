import orjson

from dataflows.simulation.message import encode
from dataflows.simulation.mishaps import Mishap
from dataflows.simulation.stream import Reading

ORIGIN_NS = 1_767_600_000_000_000_000


def value_of(mishap: Mishap) -> bytes | None:
    return encode(Reading(500, 1, 250_000_000, 60.5, 2.125, True, mishap), ORIGIN_NS)


def test_a_reading_is_a_json_object() -> None:
    assert orjson.loads(value_of(Mishap.NONE) or b"") == {
        "time": "2026-01-05T08:00:00.250Z",
        "machine": "lathe-1",
        "temperature": 60.5,
        "vibration": 2.125,
        "running": True,
    }


def test_a_tombstone_has_no_value() -> None:
    assert value_of(Mishap.TOMBSTONE) is None


def test_a_broken_reading_ends_in_the_middle() -> None:
    whole = value_of(Mishap.NONE)
    assert whole is not None
    assert value_of(Mishap.BROKEN) == whole[: len(whole) // 2]


def test_a_late_reading_is_whole() -> None:
    assert value_of(Mishap.TOO_LATE) == value_of(Mishap.NONE)

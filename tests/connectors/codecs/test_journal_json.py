import json

import pytest

from connectors.codecs.journal_json import entry_message, read_entry
from tidegauge.errors import Stop
from tidegauge.journal import Claim, Entry, Floor, ReadAt

FLOOR = Floor("payments", "t", 3, 17, 1_700_000_000_000_000_000, "a")


@pytest.mark.parametrize(
    "entry",
    [FLOOR, Claim("payments", "t", 3, "a"), ReadAt("payments", "t", 3, 17, 19, 1_700_000, "a")],
)
def test_an_entry_comes_out_as_it_went_in(entry: Entry) -> None:
    assert read_entry(entry_message(entry, "journal").value) == entry


def test_a_floor_names_its_version_and_kind() -> None:
    assert json.loads(entry_message(FLOOR, "journal").value) == {
        "v": 1,
        "kind": "floor",
        "source": "payments",
        "topic": "t",
        "partition": 3,
        "offset": 17,
        "floor_ns": 1_700_000_000_000_000_000,
        "run": "a",
    }


def test_only_a_higher_floor_for_the_same_records_replaces_a_floor() -> None:
    def key(entry: Entry) -> bytes:
        return entry_message(entry, "journal").key

    assert key(FLOOR) == key(Floor("payments", "t", 3, 17, 9, "a"))
    others: list[Entry] = [
        Floor("payments", "t", 3, 18, 9, "a"),
        Floor("payments", "t", 2, 17, 9, "a"),
        Floor("payments", "t", 3, 17, 9, "b"),
        Floor("payments", "u", 3, 17, 9, "a"),
        Claim("payments", "t", 3, "a"),
        Claim("payments", "t", 3, "b"),
    ]
    assert len({key(entry) for entry in [FLOOR, *others]}) == 7


@pytest.mark.parametrize(
    "value",
    [None, b"", b"{", b"[]", b'{"v":1}', b'{"v":1,"kind":"silence"}', b'{"v":1,"kind":"floor"}'],
)
def test_other_kinds_and_what_is_no_entry_are_passed_over(value: bytes | None) -> None:
    assert read_entry(value) is None


def test_an_entry_of_a_newer_version_stops_the_flow() -> None:
    with pytest.raises(Stop, match=r"kind floor has version 2, this program reads 1"):
        read_entry(b'{"v":2,"kind":"floor"}')

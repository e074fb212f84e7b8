"""Whatever is written into the store is found once, however old its time is."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.embedded.store import Store
from connectors.live import store_source
from connectors.live.source import Poll
from connectors.live.store_source import StoreSource
from tests.connectors.live.records import CATALOGUE, alert, anomaly, at, batch, counts, window
from tidegauge.catalogue import Catalogue


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def source(path: Path) -> Iterator[StoreSource]:
    source = StoreSource(path, CATALOGUE)
    yield source
    source.close()


def found(poll: Poll | None) -> list[tuple[str, int, object]]:
    """Signal, time and the value that matters, of each record."""
    values = {"machines": "temperature_avg", "alerts": "state", "flow": "processed"}
    return [
        (each.signal, row["time_ns"], row[values.get(each.signal, "value")])
        for each in (poll.records if poll else ())
        for row in each.frame.iter_rows(named=True)
    ]


def test_all_signals_are_read(path: Path, source: StoreSource) -> None:
    store = Store(path, CATALOGUE)
    store.write(
        [window("a", 1, 50.0), anomaly("a", 1), alert("hot", "a", 1, "firing"), counts(0, 1, 7)]
    )
    poll = source.poll()
    assert sorted(found(poll)) == [
        ("alerts", at(1), "firing"),
        ("flow", at(0) + 10**9, 7),
        ("machines", at(1), 50.0),
        ("unusual_temperature", at(1), 90.0),
    ]
    assert poll is not None
    assert poll.reset


def test_only_what_is_new_is_read_again(path: Path, source: StoreSource) -> None:
    store = Store(path, CATALOGUE)
    store.write([window("a", 1, 50.0)])
    source.poll()
    assert source.poll() is None
    store.write([window("a", 2, 51.0), window("b", 0, 52.0)])
    assert found(source.poll()) == [("machines", at(2), 51.0), ("machines", at(0), 52.0)]
    assert source.poll() is None


def test_a_correction_of_an_old_window_is_found(path: Path, source: StoreSource) -> None:
    store = Store(path, CATALOGUE)
    store.write([window("a", step, 50.0) for step in range(50)])
    source.poll()
    store.write([window("a", 3, 49.0, revision=1)])
    assert found(source.poll()) == [("machines", at(3), 49.0)]


def test_more_rows_than_are_read_at_once_come_with_the_next_calls(
    path: Path, source: StoreSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_source, "MOST_ROWS", 10)
    store = Store(path, CATALOGUE)
    source.poll()
    store.write([window("a", step, 50.0) for step in range(25)])
    sizes = [len(found(source.poll())) for _ in range(4)]
    assert sizes == [10, 10, 5, 0]


def test_dead_letters_are_counted_by_kind(path: Path, source: StoreSource) -> None:
    store = Store(path, CATALOGUE)
    rows = [
        {"time_ns": at(step), "kind": kind, "topic": "t", "partition": 0}
        for step, kind in enumerate(["late", "broken", "late"])
    ]
    store.write([batch("dead_letters", *rows)])
    poll = source.poll()
    assert poll is not None
    assert poll.dead_letters == {"broken": 1, "late": 2}
    store.write([window("a", 1, 50.0)])
    later = source.poll()
    assert later is not None
    assert later.dead_letters is None


def test_a_store_that_is_not_there_yet_is_told_once_and_read_when_it_comes(
    path: Path, source: StoreSource
) -> None:
    poll = source.poll()
    assert poll is not None
    assert "is not there yet; start a flow" in poll.trouble
    assert source.poll() is None
    Store(path, CATALOGUE).write([window("a", 1, 50.0)])
    poll = source.poll()
    assert (found(poll), poll and poll.trouble) == ([("machines", at(1), 50.0)], "")


def test_a_store_that_is_replaced_is_read_from_the_beginning(
    path: Path, source: StoreSource
) -> None:
    first = Store(path, CATALOGUE)
    first.write([window("a", 1, 50.0)])
    source.poll()
    first.close()
    for file in path.parent.glob("store.db*"):
        file.rename(file.with_name(f"old-{file.name}"))
    Store(path, CATALOGUE).write([window("b", 1, 60.0)])
    poll = source.poll()
    assert (found(poll), poll and poll.reset) == ([("machines", at(1), 60.0)], True)


def test_a_file_that_is_no_store_is_told(path: Path, source: StoreSource) -> None:
    path.write_text("This is a text, and long enough to look like a header. " * 40)
    poll = source.poll()
    assert poll is not None
    assert "cannot be read" in poll.trouble


def test_records_of_other_pipelines_are_left_alone(path: Path, source: StoreSource) -> None:
    other = Catalogue("other", CATALOGUE.signals, {"pipeline": "other", "site": "north"})
    Store(path, other).write([window("a", 1, 1.0)])
    Store(path, CATALOGUE).write([window("a", 1, 50.0)])
    assert found(source.poll()) == [("machines", at(1), 50.0)]

import pickle

from operators.keygroups.shelf import NOT_SAVED
from operators.windows.group import WindowGroup
from tests.operators.windows.harness import SECOND, Flow, make_plan, make_source, partials
from tidegauge.batch import Counts, EventBatch, PartitionState, Progress, RawBatch
from tidegauge.catalogue import WINDOW_METADATA
from tidegauge.records import TIME_NS

SOURCE = make_source(bound=0, lateness=0)
PLAN = make_plan(SOURCE, size=10, by=["k"], select={"n": "count(*)", "avg": "avg(v)"})
ONE = [{"ts": 1, "k": "a", "v": 2.0}]


def test_a_record_has_time_keys_fields_and_metadata_of_the_declared_types() -> None:
    flow = Flow(SOURCE, [PLAN])
    flow.events(0, ONE)
    flow.finish()
    frame = flow.frame()
    metadata = {column.name: column.type.dtype for column in WINDOW_METADATA}
    assert frame.columns == [TIME_NS, "k", "n", "avg", *metadata]
    assert {name: frame.schema[name] for name in metadata} == metadata
    assert frame.row(0, named=True) == {
        TIME_NS: 10_000_000,
        "k": "a",
        "n": 1,
        "avg": 2.0,
        "start_ns": 0,
        "revision": 0,
        "data_points": 1,
        "first_event_ns": 1_000_000,
        "last_event_ns": 1_000_000,
        "processing_time_ns": 0,
        "latency_ms": frame["latency_ms"][0],
    }


def closing(group: WindowGroup, *appended_ms: int) -> float | None:
    """Latency of the window that the last of these batches closes, each one window further."""
    flow = Flow(SOURCE, [PLAN])
    latency = None
    for number, stamp in enumerate(appended_ms):
        message = b'{"ts": %d, "k": "a"}' % (10 * number)
        batch = flow.intakes[0].take(RawBatch([message], [number], [stamp]))
        for record in group.take([partials([PLAN], batch)]):
            latency = record.frame["latency_ms"][0]
    return latency


def test_latency_is_from_the_append_of_the_record_that_closed_the_window() -> None:
    group = WindowGroup([PLAN], lambda: 5_000 * 1_000_000, None)
    assert closing(group, 1_000, 4_750) == 250.0


def test_without_a_kafka_timestamp_there_is_no_latency() -> None:
    group = WindowGroup([PLAN], lambda: 5_000 * 1_000_000, None)
    finished = Progress("s", 0, 1, 0, PartitionState.FINISHED, 0)
    flow = Flow(SOURCE, [PLAN])
    group.take([partials([PLAN], flow.intakes[0].take(RawBatch([b'{"ts": 1}'], [0], [10])))])
    empty = flow.intakes[0].quiet(PartitionState.ACTIVE).on_time
    end = EventBatch("t", empty, empty, empty, finished, Counts())
    (record,) = group.take([partials([PLAN], end)])
    assert record.frame["latency_ms"].to_list() == [None]


def test_windows_of_one_source_close_each_in_its_own_time() -> None:
    small, large = make_plan(SOURCE, size=5, name="small"), make_plan(SOURCE, size=10, name="large")
    flow = Flow(SOURCE, [small, large])
    flow.events(0, ONE)
    assert [record.signal for record in flow.events(0, [{"ts": 6}])] == ["small"]
    assert [record.signal for record in flow.events(0, [{"ts": 10}])] == ["small", "large"]
    assert flow.frame("large")["n"].to_list() == [2]


def test_several_batches_in_one_activation_are_merged_before_anything_closes() -> None:
    flow = Flow(SOURCE, [PLAN])
    batches = []
    for number, time in enumerate([1, 2, 12, 25]):
        message = b'{"ts": %d, "k": "a"}' % time
        batches.append(flow.intakes[0].take(RawBatch([message], [number], [10])))
    (record,) = flow.group.take([partials([PLAN], batch) for batch in batches])
    assert record.frame.select("start_ns", "n").rows() == [(0, 2), (10_000_000, 1)]


def test_a_new_window_begins_where_the_others_are() -> None:
    flow = Flow(SOURCE, [PLAN])
    flow.events(0, [{"ts": 25, "k": "a"}])
    saved = pickle.loads(pickle.dumps(flow.group.snapshot()))  # noqa: S301 - made here
    flow.plans = [PLAN, make_plan(SOURCE, size=10, name="new")]
    flow.group = WindowGroup(flow.plans, lambda: 0, saved)
    flow.events(0, [{"ts": 26, "k": "a"}])
    flow.finish()
    assert flow.frame()["n"].to_list() == [2]
    assert flow.frame("new")["n"].to_list() == [1]


def test_a_window_that_is_gone_is_forgotten() -> None:
    flow = Flow(SOURCE, [PLAN, make_plan(SOURCE, size=10, name="gone")])
    flow.events(0, ONE)
    saved = flow.group.snapshot()
    resumed = WindowGroup([PLAN], lambda: 0, saved).snapshot()
    assert resumed is not None
    assert list(resumed["windows"]) == ["w"]


def test_where_nobody_keeps_snapshots_none_is_made() -> None:
    assert WindowGroup([PLAN], lambda: 0, None, NOT_SAVED).snapshot() is None


def test_a_snapshot_does_not_change_with_what_comes_after_it() -> None:
    flow = Flow(SOURCE, [PLAN])
    flow.events(0, ONE)
    before = pickle.dumps(flow.group.snapshot())
    saved = flow.group.snapshot()
    flow.events(0, [*ONE, {"ts": 2, "k": "b"}])
    flow.finish()
    assert pickle.dumps(saved) == before


def test_a_partition_that_was_idle_at_the_restart_may_bring_what_piled_up_meanwhile() -> None:
    flow = Flow(SOURCE, [PLAN], partitions=2)
    flow.events(0, [{"ts": 11, "k": "a"}])
    flow.quiet(1, PartitionState.IDLE)
    flow.resume()
    assert flow.events(0, [{"ts": 35, "k": "a"}]) == []
    flow.events(1, [{"ts": 12, "k": "b"}, {"ts": 40, "k": "b"}])
    flow.finish()
    found = flow.frame().select("k", "start_ns", "n").rows()
    assert ("b", 10_000_000, 1) in found
    assert flow.group._states["w"].dropped == 0


def test_time_is_nanoseconds() -> None:
    source = make_source(bound=0, lateness=0)
    flow = Flow(source, [make_plan(source, size=1)])
    flow.events(0, [{"ts": 1_700_000_000_000.25}, {"ts": 1_700_000_000_000.75}])
    flow.finish()
    (row,) = flow.frame().iter_rows(named=True)
    assert row["start_ns"] == 1_700_000_000 * SECOND
    assert row["last_event_ns"] - row["first_event_ns"] == 500_000
    assert row["n"] == 2

"""Faults of a store while the flow runs: each ends, waits or goes on as it should."""

import json
import pickle
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest
from bytewax.recovery import init_db_dir
from influxdb_client.domain.permission import Permission
from influxdb_client.domain.permission_resource import PermissionResource

from benchmarks.flow_process import Member, Shape, running_flow
from benchmarks.private_copy import PrivateCopy, private_copy
from dataflows.lifecycle.recoverable import require_readable
from tests.connectors.influxdb.overloaded import door_of
from tests.connectors.recovery.test_inert import Evil
from tests.dataflows.shop.files import PIPELINE
from tests.dataflows.starting import start
from tests.services.influxdb import InfluxDB
from tests.services.kafka import Kafka
from tests.services.process import wait_until
from tidegauge.errors import UserMistake

PATIENCE_S = 180.0
DAY_MS = 86_400_000
MIB = 2**20


@pytest.fixture
def copy(tmp_path: Path, kafka: Kafka, influxdb: InfluxDB) -> Iterator[PrivateCopy]:
    with private_copy(PIPELINE, tmp_path, kafka, influxdb) as copy:
        kafka.topic(topic_of(copy), partitions=2)
        yield copy


def topic_of(copy: PrivateCopy) -> str:
    (source,) = copy.pipeline.sources.values()
    return source.kafka.topic


def send(copy: PrivateCopy, *times_ms: int, padding: int = 0) -> None:
    """Events at these times in each of both partitions."""
    producer = copy.kafka.producer()
    for number, moment in enumerate(times_ms):
        event = {"ts": moment, "shop": "s", "amount": 1, "status": "ok" + "x" * padding}
        for partition in range(2):
            producer.produce(topic_of(copy), json.dumps(event), partition=partition)
        if number % 200 == 0:
            producer.flush()
    producer.flush()


def ended(member: Member) -> tuple[int, str]:
    """Exit code and the only line of a flow that ends by itself."""
    code = member.process.wait(PATIENCE_S)
    (line,) = member.output.splitlines()
    return code, line


def processed(copy: PrivateCopy) -> int:
    """How many messages the stored records of `flow` account for."""
    highest: dict[object, int] = {}
    for record in copy.records("flow"):
        here = record["partition"]
        # InfluxDB shows a point field by field while it is being written.
        highest[here] = max(highest.get(here, 0), int(record.get("processed") or 0))
    return sum(highest.values())


def test_a_token_that_is_revoked_ends_the_flow_with_a_line(
    copy: PrivateCopy, influxdb: InfluxDB
) -> None:
    assert copy.pipeline.output.influxdb is not None
    bucket = influxdb.bucket(copy.pipeline.output.influxdb.bucket)
    with influxdb.client() as client:
        org = client.organizations_api().find_organizations(org=influxdb.org)[0].id
        rights = [Permission("write", PermissionResource(type="buckets", org_id=org))]
        made = client.authorizations_api().create_authorization(org, rights)
        environment = {**copy.environment, "INFLUXDB_TOKEN": str(made.token)}
        with running_flow(copy.path, Shape(), environment) as (member,):
            send(copy, 0, DAY_MS)
            assert wait_until(lambda: processed(copy) == 4, seconds=PATIENCE_S)
            client.authorizations_api().delete_authorization(made)
            send(copy, 2 * DAY_MS)
            code, line = ended(member)
    assert code == 2
    assert line.startswith(f"InfluxDB does not let this token write into bucket {bucket!r}")


def test_a_disk_that_is_full_ends_the_flow_with_a_line(tmp_path: Path, kafka: Kafka) -> None:
    with private_copy(PIPELINE, tmp_path, kafka, None) as copy:
        kafka.topic(topic_of(copy), partitions=2)
        with running_flow(copy.path, Shape(), copy.environment) as (member,):
            send(copy, 0, DAY_MS)
            assert wait_until(lambda: processed(copy) == 4, seconds=PATIENCE_S)
            # No file of this process can grow from here on.
            psutil.Process(member.process.pid).rlimit(psutil.RLIMIT_FSIZE, (4_096, 4_096))
            send(copy, *range(2 * DAY_MS, 2_000 * DAY_MS, DAY_MS))
            code, line = ended(member)
    assert code == 2
    assert line.startswith(f"TIDEGAUGE_STORE={copy.database}: cannot be written: ")


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A recovery directory with two partitions."""
    folder = tmp_path / "recovery"
    folder.mkdir()
    init_db_dir(folder, 2)  # type: ignore[no-untyped-call]  # it has no types
    return folder


@pytest.mark.parametrize("damage", ["garbage", "cut short", "a folder", "not a partition"])
def test_saved_state_that_cannot_be_read_is_told_in_a_line(saved: Path, damage: str) -> None:
    part = saved / "part-1.sqlite3"
    content = part.read_bytes()
    part.unlink()
    match damage:
        case "garbage":
            part.write_bytes(b"no database" * 1_000)
        case "cut short":
            part.write_bytes(content[:5_000])
        case "a folder":
            part.mkdir()
        case _:
            part.touch()
    with pytest.raises(UserMistake) as error:
        require_readable(saved)
    assert str(error.value).startswith(f"recovery directory {saved}: part-1.sqlite3 ")
    assert str(error.value).endswith("start with an empty recovery directory")
    assert "\n" not in str(error.value)


def test_a_missing_recovery_partition_is_told_in_a_line(saved: Path) -> None:
    (saved / "part-0.sqlite3").unlink()
    with pytest.raises(UserMistake) as error:
        require_readable(saved)
    assert str(error.value) == (
        f"recovery directory {saved}: part-0.sqlite3 missing; put back a copy of the folder, or"
        " start with an empty recovery directory"
    )


def test_recovery_partitions_of_different_moments_are_told_in_a_line(saved: Path) -> None:
    with closing(sqlite3.connect(saved / "part-1.sqlite3")) as connection, connection:
        connection.execute("INSERT INTO commits (part_index, commit_epoch) VALUES (1, 99)")
    with pytest.raises(UserMistake, match="its partitions are not of one moment; put back"):
        require_readable(saved)


def test_a_flow_with_damaged_state_does_not_start(copy: PrivateCopy, saved: Path) -> None:
    (saved / "part-1.sqlite3").write_bytes(b"no database" * 1_000)
    tried = start(copy.path, copy.environment, ["-r", str(saved), "-s", "1", "-b", "0"])
    assert tried.code == 2
    assert len(tried.lines) == 1


def test_saved_state_that_would_run_code_is_not_unpickled(copy: PrivateCopy, saved: Path) -> None:
    made = saved.parent / "made"
    with closing(sqlite3.connect(saved / "part-1.sqlite3")) as connection, connection:
        connection.execute(
            "INSERT INTO snaps (step_id, state_key, snap_epoch, ser_change) VALUES (?, ?, 0, ?)",
            ["shop.read_sales", "x-0", pickle.dumps(Evil(made))],
        )
    tried = start(copy.path, copy.environment, ["-r", str(saved), "-s", "1", "-b", "0"])
    assert tried.code == 2
    (line,) = tried.lines
    assert (
        f"recovery directory {saved}: part-1.sqlite3 holds a state of shop.read_sales x-0" in line
    )
    assert "not in the format of this program" in line
    assert not made.exists()


def test_saved_state_that_everybody_may_write_is_not_read(copy: PrivateCopy, saved: Path) -> None:
    for path in (saved, *saved.iterdir()):
        mode = path.stat().st_mode
        path.chmod(mode | 0o002)
        tried = start(copy.path, copy.environment, ["-r", str(saved), "-s", "1", "-b", "0"])
        assert tried.code == 2
        (line,) = tried.lines
        assert line.startswith(f"recovery directory {saved}: every user of this machine may write ")
        path.chmod(mode)


def test_saved_state_is_of_its_user_alone_after_a_start(copy: PrivateCopy, saved: Path) -> None:
    saved.chmod(0o755)
    assert start(copy.path, copy.environment, ["-r", str(saved), "-s", "1", "-b", "0"]).code == 0
    modes = {path.stat().st_mode & 0o777 for path in saved.rglob("*")}
    assert (saved.stat().st_mode & 0o777, modes - {0o700}) == (0o700, {0o600})


def test_what_influxdb_refuses_becomes_dead_letters_and_the_rest_is_stored(
    copy: PrivateCopy,
) -> None:
    """Windows that ended before the retention begins."""
    text = copy.path.read_text()
    assert "retention: 0s" in text
    copy.path.write_text(text.replace("retention: 0s", "retention: 30d"))
    now = time.time_ns() // 1_000_000
    send(copy, now - 90 * DAY_MS, now)
    done = start(copy.path, copy.environment)
    assert done.code == 0, done
    letters = [json.loads(one.value() or b"") for one in copy.kafka.read(copy.dead_letter_topic)]
    refused = [one for one in letters if one["kind"] == "refused"]
    assert refused
    assert all("retention" in one["reason"] for one in refused)
    assert all(one["topic"].startswith("influxdb:private-") for one in refused)
    stored = [one for one in copy.records("dead_letters") if one["kind"] == "refused"]
    assert sorted(one["payload"] for one in stored) == sorted(one["payload"] for one in refused)
    assert any(copy.records(window) for window in copy.pipeline.windows)


def test_memory_stays_flat_while_the_store_is_overloaded_and_nothing_is_lost(
    copy: PrivateCopy, influxdb: InfluxDB, saved: Path
) -> None:
    """In both processes of a cluster, with much more to read than they may hold."""
    options = ["-r", str(saved), "-s", "1", "-b", "0"]
    small = Shape(processes=2, batch_size=500)
    with door_of(influxdb.url) as door:
        environment = {
            **copy.environment,
            "INFLUXDB_URL": door.url,
            "TIDEGAUGE_EPOCH_BYTES": str(32 * MIB),
        }
        with running_flow(copy.path, small, environment, options) as members:
            send(copy, 0, DAY_MS)
            assert wait_until(lambda: processed(copy) == 4, seconds=PATIENCE_S)
            processes = [psutil.Process(member.process.pid) for member in members]
            before = [process.memory_info().rss for process in processes]
            door.shut.set()
            send(copy, *range(2 * DAY_MS, 2 * DAY_MS + 3_000), padding=40_000)
            assert door.turned_away.wait(PATIENCE_S)
            held = [0, 0]
            for _ in range(20):
                now = [process.memory_info().rss for process in processes]
                held = [max(pair) for pair in zip(held, now, strict=True)]
                assert door.turned_away.wait(1)
                time.sleep(0.1)
            door.shut.clear()
            assert wait_until(lambda: processed(copy) == 6_004, seconds=PATIENCE_S)
            assert all(member.process.poll() is None for member in members)
    grown = [(then - first) / MIB for first, then in zip(before, held, strict=True)]
    assert max(grown) < 120, grown

"""A flow that cannot start: a line for each cause, exit code 2, no traceback, no secrets."""

import re
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from benchmarks.flow_process import free_ports
from benchmarks.private_copy import PrivateCopy, private_copy
from tests.dataflows import starting
from tests.dataflows.shop.files import PIPELINE
from tests.dataflows.starting import Start
from tests.services.influxdb import InfluxDB
from tests.services.kafka import Kafka

CLOSED = "127.0.0.1:1"
WITHIN_S = 12
"""How much longer a start may take than two that ask no server: a busy machine stretches all."""
SECRET = "do-not-tell-me"  # noqa: S105 - of no server
SHAPES: dict[str, tuple[str, ...]] = {
    "one worker": (),
    "two workers": ("-w", "2"),
    "one of two processes": ("-i", "0", "-a", ";".join(f"127.0.0.1:{p}" for p in free_ports(2))),
}


@pytest.fixture(params=SHAPES, scope="module")
def shape(request: pytest.FixtureRequest) -> Sequence[str]:
    """Options of `python -m bytewax.run`."""
    return SHAPES[request.param]


@pytest.fixture(scope="module")
def copy(
    tmp_path_factory: pytest.TempPathFactory, kafka: Kafka, influxdb: InfluxDB
) -> Iterator[PrivateCopy]:
    """A pipeline that could start: its topic is there."""
    with private_copy(PIPELINE, tmp_path_factory.mktemp("start"), kafka, influxdb) as copy:
        (source,) = copy.pipeline.sources.values()
        kafka.topic(source.kafka.topic, partitions=1)
        yield copy


def start(
    file: Path, environment: Mapping[str, str], options: Sequence[str] = (), **changes: str
) -> Start:
    """As `starting.start`; what it tells holds no secret."""
    done = starting.start(file, environment, options, **changes)
    assert SECRET not in "\n".join([done.out, *done.lines])
    return done


def changed(copy: PrivateCopy, old: str, new: str) -> Path:
    """The pipeline file with a text replaced."""
    text = copy.path.read_text()
    assert old in text
    file = copy.path.with_name("changed.yaml")
    file.write_text(text.replace(old, new))
    return file


def test_what_can_start_does(copy: PrivateCopy) -> None:
    assert start(copy.path, copy.environment) == Start(0, "", [])


def test_a_missing_broker(copy: PrivateCopy, shape: Sequence[str]) -> None:
    took_s: list[float] = []

    def timed(file: Path, **changes: str) -> Start:
        began = time.monotonic()
        done = start(file, copy.environment, shape, **changes)
        took_s.append(time.monotonic() - began)
        return done

    timed(copy.path.with_name("none.yaml"))
    tried = timed(copy.path, KAFKA_BOOTSTRAP=CLOSED)
    timed(copy.path.with_name("none.yaml"))
    before_s, asked_s, after_s = took_s
    assert asked_s < WITHIN_S + before_s + after_s
    assert tried.code == 2
    (line,) = tried.lines
    waited = re.match(rf"KAFKA_BOOTSTRAP={CLOSED}: no Kafka broker answered within (\d+) s ", line)
    assert waited
    assert int(waited[1]) < WITHIN_S
    assert "Connection refused" in line


def test_a_wrong_token(copy: PrivateCopy, shape: Sequence[str]) -> None:
    tried = start(copy.path, copy.environment, shape, INFLUXDB_TOKEN=SECRET)
    assert tried.code == 2
    (line,) = tried.lines
    assert line.startswith(f"INFLUXDB_URL={copy.environment['INFLUXDB_URL']}: ")
    assert "InfluxDB does not know INFLUXDB_TOKEN" in line


def test_a_missing_topic(copy: PrivateCopy, shape: Sequence[str]) -> None:
    (source,) = copy.pipeline.sources.values()
    file = changed(copy, source.kafka.topic, "no-such-topic")
    tried = start(file, copy.environment, shape)
    assert tried.code == 2
    (line,) = tried.lines
    assert line.startswith("Kafka topic 'no-such-topic' does not exist")


def test_an_unreachable_influxdb(copy: PrivateCopy, shape: Sequence[str]) -> None:
    tried = start(copy.path, copy.environment, shape, INFLUXDB_URL=f"http://{CLOSED}")
    assert tried.code == 2
    (line,) = tried.lines
    assert line.startswith(
        f"INFLUXDB_URL=http://{CLOSED}: no InfluxDB answers (Connection refused)"
    )


def test_a_broken_pipeline_file(copy: PrivateCopy, shape: Sequence[str]) -> None:
    file = changed(copy, "from: sales", "form: sale")
    tried = start(file, copy.environment, shape)
    assert tried.code == 2
    assert tried.lines
    assert all(line.startswith(f"{file}:") for line in tried.lines)


def test_an_influxdb_that_says_nothing(copy: PrivateCopy) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        tried = start(copy.path, copy.environment, INFLUXDB_URL=url)
    assert tried.code == 2
    assert tried.lines == [
        f"INFLUXDB_URL={url}: no InfluxDB answers (timed out); start it, or correct INFLUXDB_URL"
    ]


def test_an_address_with_a_password_is_not_told(copy: PrivateCopy) -> None:
    address = f"http://someone:{SECRET}@{CLOSED}"
    tried = start(copy.path, copy.environment, INFLUXDB_URL=address)
    assert tried.code == 2
    assert len(tried.lines) == 1


def test_no_token(copy: PrivateCopy) -> None:
    tried = start(copy.path, copy.environment, INFLUXDB_TOKEN="")
    assert tried.code == 2
    (line,) = tried.lines
    assert "INFLUXDB_TOKEN is not set" in line


def test_the_engines_own_pages_stay_closed(copy: PrivateCopy) -> None:
    tried = start(copy.path, copy.environment, BYTEWAX_DATAFLOW_API_ENABLED="false")
    assert tried.code == 2
    (line,) = tried.lines
    assert line.startswith("BYTEWAX_DATAFLOW_API_ENABLED is set")


def test_a_sensitive_field_without_a_key(copy: PrivateCopy) -> None:
    file = changed(copy, "shop: {type: string", "shop: {type: string, sensitive: true")
    tried = start(file, copy.environment, TIDEGAUGE_HASH_KEY="")
    assert tried.code == 2
    (line,) = tried.lines
    assert line.startswith("sources.sales: shop: sensitive fields are hashed with a key: set ")


def test_broker_and_store_missing_are_both_told(copy: PrivateCopy) -> None:
    nowhere = {"KAFKA_BOOTSTRAP": CLOSED, "INFLUXDB_URL": f"http://{CLOSED}"}
    tried = start(copy.path, {**copy.environment, **nowhere})
    assert tried.code == 2
    assert [line.partition("=")[0] for line in tried.lines] == ["KAFKA_BOOTSTRAP", "INFLUXDB_URL"]


def test_a_missing_pipeline_file(copy: PrivateCopy) -> None:
    file = copy.path.with_name("none.yaml")
    tried = start(file, copy.environment)
    assert tried.code == 2
    assert tried.lines == [
        f"{file}: cannot be read: No such file or directory; give a pipeline file"
    ]


def test_an_unset_variable(copy: PrivateCopy) -> None:
    file = changed(copy, "team: tests", 'team: "${NEVER_SET}"')
    tried = start(file, copy.environment)
    assert tried.code == 2
    (line,) = tried.lines
    assert line.startswith(f"{file}:")
    assert "NEVER_SET is not set" in line


def test_settings_that_cannot_be_read(copy: PrivateCopy) -> None:
    tried = start(copy.path, {**copy.environment, "TIDEGAUGE_START_TIMEOUT": "soon"})
    assert tried.code == 2
    (line,) = tried.lines
    assert line.startswith("TIDEGAUGE_START_TIMEOUT=soon: ")


@pytest.mark.parametrize("store", ["a-file/store.db", ".", "/proc/none/store.db"])
def test_a_store_that_cannot_be_written(copy: PrivateCopy, tmp_path: Path, store: str) -> None:
    (tmp_path / "a-file").write_text("")
    tried = start(copy.path, copy.environment, TIDEGAUGE_STORE=str(tmp_path / store))
    assert tried.code == 2
    (line,) = tried.lines
    assert line.startswith("TIDEGAUGE_STORE=")


def test_no_recovery_directory(copy: PrivateCopy, tmp_path: Path, shape: Sequence[str]) -> None:
    folder = tmp_path / "none"
    tried = start(copy.path, copy.environment, [*shape, "-r", str(folder), "-s", "1", "-b", "0"])
    assert tried.code == 2
    (line,) = tried.lines
    assert line.startswith(f"recovery directory {folder}: there is no such folder; make it with")


def test_a_recovery_directory_without_partitions(copy: PrivateCopy, tmp_path: Path) -> None:
    options = {"BYTEWAX_RECOVERY_DIRECTORY": str(tmp_path), "BYTEWAX_SNAPSHOT_INTERVAL": "1"}
    options |= {"BYTEWAX_RECOVERY_BACKUP_INTERVAL": "0"}
    tried = start(copy.path, {**copy.environment, **options})
    assert tried.code == 2
    (line,) = tried.lines
    assert line.startswith(f"recovery directory {tmp_path}: no recovery partitions in it")

import signal
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient

from tidegauge.cli._demo.processes import Child, environment, mock_broker
from tidegauge.errors import UserMistake
from tidegauge.settings import Settings


def test_the_broker_has_the_topic() -> None:
    with mock_broker("readings") as (address, partitions):
        metadata = AdminClient({"bootstrap.servers": address}).list_topics(timeout=60)
        assert len(metadata.topics["readings"].partitions) == partitions


def test_a_process_sees_no_setting_of_a_real_installation(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("TIDEGAUGE_BOUNDED=true\nTIDEGAUGE_BATCH_SIZE=7\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INFLUXDB_TOKEN", "secret")
    monkeypatch.setenv("BYTEWAX_DATAFLOW_API_ENABLED", "1")
    variables = environment({"KAFKA_BOOTSTRAP": "here:1"})
    assert "BYTEWAX_DATAFLOW_API_ENABLED" not in variables
    for name in list(variables):
        monkeypatch.setenv(name, variables[name])
    seen = Settings()
    assert (seen.kafka_bootstrap, seen.bounded, seen.batch_size) == ("here:1", False, 20_000)
    assert not seen.influxdb_token.get_secret_value()


def test_a_process_that_fails_is_told_by_its_last_line(tmp_path: Path) -> None:
    program = "print('starting', flush=True); exit('no such topic')"
    with Child("flow", ["-c", program], environment({}), tmp_path / "log") as child:
        child._process.wait(60)
        with pytest.raises(UserMistake, match=r"^the flow ended with exit code 1: no such topic"):
            child.running()


def test_a_process_waits_for_its_go(tmp_path: Path) -> None:
    program = "input(); print('went')"
    with Child("simulator", ["-c", program], environment({}), tmp_path / "log") as child:
        assert child.running()
        child.go()
        child._process.wait(60)
        assert not child.running()
        assert child.last_line() == "went"


def test_a_process_has_ended_when_its_block_ends(tmp_path: Path) -> None:
    program = "import signal; print('up', flush=True); signal.pause()"
    with Child("flow", ["-c", program], environment({}), tmp_path / "log") as child:
        pass
    assert child._process.returncode == -signal.SIGTERM

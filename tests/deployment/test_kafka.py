"""Kafka's variables, read by the code that reads them in the image."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.deployment.compose_file import project, services
from tests.services import kafka_package
from tests.services.errors import ServerUnavailableError

LOGGING = """
Configuration:
  Properties: {Property: []}
  Appenders: {Console: {name: STDOUT}}
  Loggers: {Root: {level: OFF, AppenderRef: [{ref: STDOUT}]}, Logger: []}
"""


@pytest.fixture(scope="session")
def jars() -> Path:
    """The folder with the jars of Kafka."""
    try:
        return kafka_package.get()
    except ServerUnavailableError as error:
        pytest.skip(f"no Kafka: {error}")


def _set_up(jars: Path, folder: Path, variables: dict[str, str]) -> tuple[int, str]:
    """Let the image's wrapper write the properties and format the storage."""
    for name in ("default", "mounted", "final"):
        (folder / name).mkdir()
    (folder / "default" / "server.properties").touch()
    for name in ("log4j2.yaml", "tools-log4j2.yaml"):
        (folder / "default" / name).write_text(LOGGING)
    command = ["java", "-Xmx128m", "-cp", f"{jars}/*", "kafka.docker.KafkaDockerWrapper", "setup"]
    options = [f"--{name}-configs-dir={folder / name}" for name in ("default", "mounted", "final")]
    done = subprocess.run(
        [*command, *options],
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    properties = folder / "final" / "server.properties"
    return done.returncode, properties.read_text() if done.returncode == 0 else done.stderr


def _variables(folder: Path) -> dict[str, str]:
    environment = services(project())["kafka"]["environment"]
    return {**environment, "KAFKA_LOG_DIRS": str(folder / "data")}


def test_kafka_takes_the_variables_and_formats_its_storage(jars: Path, tmp_path: Path) -> None:
    code, properties = _set_up(jars, tmp_path, _variables(tmp_path))
    assert code == 0, properties
    assert "advertised.listeners=INTERNAL://kafka:19092,EXTERNAL://127.0.0.1:9092\n" in properties
    assert "auto.create.topics.enable=false\n" in properties
    assert (tmp_path / "data" / "meta.properties").exists()


def test_kafka_refuses_a_listener_it_does_not_know(jars: Path, tmp_path: Path) -> None:
    wrong = {"KAFKA_INTER_BROKER_LISTENER_NAME": "INSIDE"}
    code, said = _set_up(jars, tmp_path, {**_variables(tmp_path), **wrong})
    assert code != 0
    assert "INSIDE" in said


def test_kafka_keeps_its_data_in_its_volume() -> None:
    broker = services(project())["kafka"]
    assert broker["volumes"] == [f"kafka:{broker['environment']['KAFKA_LOG_DIRS']}"]

"""The image: what goes in, who it runs as, and that its commands start from it alone."""

import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.deployment.compose_file import ROOT, project, services

ROOMS = ("tidegauge", "operators", "connectors", "dataflows", "grafana", "benchmarks", "tests")
Instruction = tuple[str, str]


def _instructions() -> list[Instruction]:
    """Keyword and arguments of each instruction of the Dockerfile."""
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    text = "\n".join(line for line in lines if not line.lstrip().startswith("#"))
    joined = text.replace("\\\n", " ")
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in joined.splitlines() if line]


def _arguments(keyword: str) -> list[str]:
    return [arguments for word, arguments in _instructions() if word == keyword]


def _sources() -> list[str]:
    """What is copied from the repository."""
    copies = [arguments.split() for arguments in _arguments("COPY") if "--from" not in arguments]
    return [source for *sources, _ in copies for source in sources]


def _toml() -> dict[str, Any]:
    project_table: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return project_table


def test_both_stages_begin_with_the_same_pinned_python_on_debian() -> None:
    first, last = (arguments.split()[0] for arguments in _arguments("FROM"))
    assert first == last
    version = re.fullmatch(r"python:(3\.\d+)\.\d+-slim-[a-z]+@sha256:[0-9a-f]{64}", last)
    assert version
    assert f"Programming Language :: Python :: {version[1]}" in _toml()["classifiers"]


def test_it_runs_as_nobody_special() -> None:
    (user,) = _arguments("USER")
    assert all(int(number) >= 10_000 for number in user.split(":"))


def test_python_is_the_first_process_and_gets_sigterm() -> None:
    assert _arguments("STOPSIGNAL") == ["SIGTERM"]
    assert _arguments("ENTRYPOINT") == []
    commands = [json.loads(arguments) for arguments in _arguments("CMD")]
    worker = services(project())["worker"]
    assert [command[0] for command in [*commands, worker["command"]]] == ["python", "python"]
    assert (worker["init"], worker["stop_signal"]) == (False, "SIGTERM")
    assert "entrypoint" not in worker


def test_who_does_not_handle_sigterm_is_not_the_first_process() -> None:
    assert services(project())["simulator"]["init"] is True


def test_libraries_have_the_tested_versions_and_no_host_is_named() -> None:
    (install,) = [run for run in _arguments("RUN") if "pip install" in run]
    assert "--require-hashes --no-deps --only-binary :all:" in install
    assert not re.search(r"(?i)https?:|index|trusted", (ROOT / "Dockerfile").read_text())


def test_the_libraries_are_those_of_the_project() -> None:
    (install,) = [run for run in _arguments("RUN") if "pip install" in run]
    command = shlex.split(install)
    said = subprocess.run(
        [sys.executable, *command[1 : command.index(">")]],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    first = (re.split(r"[^\w.-]", one)[0] for one in _toml()["dependencies"])
    named = {re.sub(r"[._-]+", "-", name) for name in first}
    pinned = {re.sub(r"[._-]+", "-", one) for one in re.findall(r"(?m)^([\w.-]+)==", said.stdout)}
    assert named <= pinned
    assert "pytest" not in pinned


def test_what_is_copied_is_there() -> None:
    assert [source for source in _sources() if not (ROOT / source).exists()] == []


def test_docker_sees_what_is_copied_and_nothing_else() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]
    assert patterns[0] == "*"
    assert {line[1:] for line in patterns if line.startswith("!")} == set(_sources())
    assert [line for line in patterns[1:] if not line.startswith("!")] == ["**/__pycache__"]


def test_the_image_has_the_version_of_the_project() -> None:
    found = services(project())
    assert found["worker"]["image"] == f"tidegauge:{_toml()['version']}"
    assert found["simulator"]["image"] == found["worker"]["image"]
    assert found["worker"]["build"] == {"context": "."}


def test_its_folders_belong_to_its_user_before_a_volume_is_mounted() -> None:
    found = services(project())
    volumes = [*found["worker"]["volumes"], *found["tokens"]["volumes"]]
    (make,) = [run for run in _arguments("RUN") if "useradd" in run]
    installs = [part for part in make.split("&&") if "--owner tidegauge --group tidegauge" in part]
    for folder in {volume.split(":")[1] for volume in volumes if isinstance(volume, str)}:
        assert [part for part in installs if folder in part.split()]


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the Dockerfile copies."""
    folder = tmp_path_factory.mktemp("image")
    for source in _sources():
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, folder / source, ignore=shutil.ignore_patterns("__pyc*"))
        else:
            shutil.copy(ROOT / source, folder)
    return folder


def _run(image: Path, arguments: list[str], **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=image,
        env={"PYTHONPATH": str(image), "PYTHONDONTWRITEBYTECODE": "1", **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_the_commands_need_no_room_that_is_not_copied(image: Path) -> None:
    script = (
        "import sys, dataflows.analytics, dataflows.simulate, tidegauge.cli.run\n"
        f"ours = [m for n, m in sys.modules.items() if n.split('.')[0] in {ROOMS}]\n"
        "print(*{m.__file__ for m in ours if m.__file__}, sep='\\n')"
    )
    done = _run(image, ["-c", script])
    assert done.returncode == 0, done.stderr
    files = done.stdout.splitlines()
    assert files
    assert [file for file in files if not Path(file).is_relative_to(image)] == []


@pytest.mark.parametrize("name", ["worker", "simulator"])
def test_a_command_without_a_broker_ends_with_one_line(
    image: Path, tmp_path: Path, name: str
) -> None:
    service = services(project())[name]
    command = [part.replace("/var/lib/tidegauge", str(tmp_path)) for part in service["command"][1:]]
    away = {"KAFKA_BOOTSTRAP": "127.0.0.1:1", "INFLUXDB_URL": "http://127.0.0.1:1"}
    away["TIDEGAUGE_START_TIMEOUT"] = "0.5"
    environment = {**service["environment"], **away}
    if name == "worker":
        environment["INFLUXDB_TOKEN_FILE"] = str(tmp_path / "token")
        (tmp_path / "token").write_text("made-up")
    done = _run(image, command, **environment)
    assert done.returncode == 2
    assert "KAFKA_BOOTSTRAP=127.0.0.1:1: no Kafka broker answered" in done.stderr
    assert "Traceback" not in done.stderr

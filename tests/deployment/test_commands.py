"""The commands of the services are real ones."""

import re
import shlex
import subprocess
from pathlib import PurePosixPath
from typing import Any

import pytest
import typer

from connectors.kafka.routes import Routes
from dataflows import buckets, simulate
from dataflows.lifecycle.invocation import epoch_ns
from dataflows.simulation.floor import MACHINES
from dataflows.simulation.sender import TOPIC
from grafana.provider import FLOW_FOLDER
from tests.deployment.compose_file import ROOT, project, services
from tidegauge.catalogue import catalogue_of
from tidegauge.cli import app
from tidegauge.cli.run import DEFAULT_EPOCH
from tidegauge.spec.loader import load_pipeline

PIPELINES = [file.stem for file in (ROOT / "pipelines").glob("*.yaml")]


def _run_options(**values: str) -> dict[str, Any]:
    """The worker's options as `tidegauge run` reads them."""
    python, module, cli, *arguments = services(project(**values))["worker"]["command"]
    assert (python, module, cli) == ("python", "-m", "tidegauge.cli")
    group = typer.main.get_command(app)
    name, command, rest = group.resolve_command(typer.Context(group), arguments)  # type: ignore[attr-defined]  # a group, typed as a command
    return dict(command.make_context(name, rest).params)


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_the_worker_runs_a_pipeline_and_keeps_its_state_in_a_volume(pipeline: str) -> None:
    options = _run_options(PIPELINE=pipeline)
    worker = services(project(PIPELINE=pipeline))["worker"]
    load_pipeline(ROOT / options["file"])
    assert f"state:{PurePosixPath(options['recovery']).parent}" in worker["volumes"]
    assert options["recovery"].name == pipeline


def test_the_worker_has_as_many_processes_as_asked_for() -> None:
    assert _run_options()["processes"] == 1
    assert _run_options(WORKER_PROCESSES="3")["processes"] == 3


def test_the_worker_is_healthy_while_it_saves_state() -> None:
    worker = services(project())["worker"]
    limit_s = re.search(r"saved > (\d+)", worker["healthcheck"]["test"][-1])
    assert limit_s
    epoch = _run_options()["epoch"] or DEFAULT_EPOCH
    assert int(limit_s[1]) * 1_000_000_000 > 3 * epoch_ns(epoch)


def test_the_simulator_gets_its_options() -> None:
    values = {"SIMULATOR_SECONDS": "90", "SIMULATOR_SEED": "7", "SIMULATOR_SPEED": "3"}
    command = services(project(**values))["simulator"]["command"]
    assert command[:3] == ["python", "-m", simulate.__name__]
    asked = simulate._parser().parse_args(command[3:])
    assert (asked.seconds, asked.seed, asked.speed) == (90, 7, 3)
    assert (asked.hold, asked.truth) == (False, None)


def test_the_simulator_sends_each_reading_when_it_is_taken() -> None:
    command = services(project())["simulator"]["command"]
    assert simulate._parser().parse_args(command[3:]).speed == 1


def _created_topics() -> dict[str, int]:
    """Topics and their partitions, as the script asks Kafka's tool for them."""
    shell, options, script = services(project())["topics"]["command"]
    tool = "/opt/kafka/bin/kafka-topics.sh"
    assert tool in script
    said = subprocess.run(
        [shell, options, 'told() { echo "$@"; }\n' + script.replace(tool, "told")],
        capture_output=True,
        text=True,
        check=True,
    )
    calls = [shlex.split(line) for line in said.stdout.splitlines()]
    return {c[c.index("--topic") + 1]: int(c[c.index("--partitions") + 1]) for c in calls}


def test_the_topics_are_those_of_the_pipeline() -> None:
    pipeline = load_pipeline(ROOT / "pipelines/machines.yaml")
    routes = Routes(catalogue_of(pipeline), pipeline.output.kafka, pipeline.dead_letter_topic)
    read = {source.kafka.topic for source in pipeline.sources.values()}
    assert set(_created_topics()) == read | routes.topics


def test_the_simulator_can_fill_every_partition() -> None:
    assert 1 <= _created_topics()[TOPIC] <= len(MACHINES)


def test_grafana_waits_for_the_buckets_of_all_pipelines_that_it_shows() -> None:
    found = services(project())
    made = found["buckets"]
    assert made["command"] == ["python", "-m", buckets.__name__, "pipelines"]
    (mount,) = made["volumes"]
    assert (mount["source"], mount["target"]) == ("./pipelines", "/app/pipelines")
    assert found["grafana"]["depends_on"]["buckets"] == {
        "condition": "service_completed_successfully"
    }
    rendered = {file.parent.name for file in ROOT.glob("provisioning/dashboards/*/*.json")}
    assert rendered - {FLOW_FOLDER} == set(PIPELINES)

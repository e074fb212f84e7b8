"""The compose file against the schema of the compose specification.

The schema is the one that `check-jsonschema` brings along. No Docker engine takes part.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.deployment.compose_file import COMPOSE, Tree, project, services

MUTATIONS: dict[str, Callable[[Tree], object]] = {
    "unknown key of the file": lambda tree: tree.update(service={}),
    "unknown key of a service": lambda tree: services(tree)["kafka"].update(imag="kafka"),
    "unknown key of a health check": lambda tree: services(tree)["kafka"]["healthcheck"].update(
        retry=3
    ),
    "unknown key of a mount": lambda tree: services(tree)["worker"]["volumes"][2].update(to="/"),
    "unknown condition": lambda tree: services(tree)["worker"]["depends_on"]["topics"].update(
        condition="done"
    ),
    "ports as a mapping": lambda tree: services(tree)["influxdb"].update(ports={"8086": "8086"}),
    "health check as a text": lambda tree: services(tree)["mail"].update(healthcheck="/mailpit"),
    "a number as an image": lambda tree: services(tree)["mail"].update(image=1),
    "a list as a variable's value": lambda tree: services(tree)["kafka"]["environment"].update(
        KAFKA_NODE_ID=["1"]
    ),
    "a text as read_only's value": lambda tree: services(tree)["worker"].update(read_only=[]),
    "services as a list": lambda tree: tree.update(services=list(services(tree).values())),
}


def _failing(files: list[Path]) -> set[str]:
    """Names of the files that the schema refuses."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run(
        [*command, "--output-format", "json", *map(str, files)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout, done.stderr
    report = json.loads(done.stdout)
    assert not report.get("parse_errors"), report
    return {Path(error["filename"]).name for error in report["errors"]}


def test_the_file_and_what_variables_make_of_it_fit_the_schema(tmp_path: Path) -> None:
    resolved = tmp_path / "resolved.json"
    resolved.write_text(json.dumps(project()))
    assert _failing([COMPOSE, resolved]) == set()


def test_every_mutated_file_is_refused(tmp_path: Path) -> None:
    files = []
    for number, mutate in enumerate(MUTATIONS.values()):
        tree = project()
        mutate(tree)
        files.append(tmp_path / f"{number}.json")
        files[-1].write_text(json.dumps(tree))
    refused = _failing(files)
    accepted = [what for n, what in enumerate(MUTATIONS) if f"{n}.json" not in refused]
    assert accepted == []

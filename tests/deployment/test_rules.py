"""Ports, images, mounts, start order and bounds of the services."""

from collections.abc import Callable

import pytest

from tests.deployment import rules
from tests.deployment.compose_file import Tree, project, services
from tests.deployment.rules import RULES, Rule
from tests.services import influxdb, kafka

Mutation = Callable[[Tree], object]
BREACHES: list[tuple[Rule, Mutation, str]] = [
    (
        rules.ports_are_local,
        lambda tree: services(tree)["grafana"].update(ports=["3000:3000"]),
        "grafana: port 3000:3000",
    ),
    (
        rules.ports_are_local,
        lambda tree: services(tree)["mail"].update(ports=["0.0.0.0:8025:8025"]),
        "mail: port 0.0.0.0:8025:8025",
    ),
    (
        rules.images_are_pinned,
        lambda tree: services(tree)["mail"].update(image="axllent/mailpit:latest"),
        "mail: image axllent/mailpit:latest",
    ),
    (
        rules.images_are_pinned,
        lambda tree: services(tree)["influxdb"].update(image="influxdb:2.9.1"),
        "influxdb: image influxdb:2.9.1",
    ),
    (
        rules.mounts_exist,
        lambda tree: services(tree)["worker"]["volumes"][2].update(source="./elsewhere"),
        "worker: elsewhere is not in the repository",
    ),
    (
        rules.mounts_exist,
        lambda tree: services(tree)["worker"]["volumes"][2].update(source="../elsewhere"),
        "worker: ../elsewhere is not in the repository",
    ),
    (
        rules.mounts_exist,
        lambda tree: tree["volumes"].pop("state"),
        "worker: volume state is not declared",
    ),
    (
        rules.mounts_exist,
        lambda tree: tree["volumes"].update(old=None),
        "volume old is not used",
    ),
    (
        rules.dependencies_can_be_waited_for,
        lambda tree: services(tree)["influxdb"].pop("healthcheck"),
        "worker: influxdb has no health check",
    ),
    (
        rules.dependencies_can_be_waited_for,
        lambda tree: services(tree)["topics"].update(restart="always"),
        "simulator: topics never ends",
    ),
    (
        rules.dependencies_can_be_waited_for,
        lambda tree: services(tree).pop("mail"),
        "grafana: there is no mail",
    ),
    (
        rules.services_are_bounded,
        lambda tree: services(tree)["worker"].pop("mem_limit"),
        "worker: no mem_limit",
    ),
    (
        rules.services_are_bounded,
        lambda tree: services(tree)["kafka"].pop("logging"),
        "kafka: an endless log",
    ),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_file_keeps_the_rule(rule: Rule) -> None:
    assert list(rule(project())) == []


@pytest.mark.parametrize(("rule", "mutate", "breach"), BREACHES, ids=[b[2] for b in BREACHES])
def test_a_breach_is_found(rule: Rule, mutate: Mutation, breach: str) -> None:
    tree = project()
    mutate(tree)
    assert breach in list(rule(tree))


def test_what_runs_is_what_the_tests_ran_against() -> None:
    found = services(project())
    assert found["kafka"]["image"] == found["topics"]["image"]
    assert found["kafka"]["image"].startswith(f"{kafka.IMAGE}@")
    assert found["influxdb"]["image"].startswith(f"{influxdb.IMAGE}@")


def test_every_service_that_others_need_has_a_health_check() -> None:
    staying = {n for n, s in services(project()).items() if s["restart"] == "unless-stopped"}
    healthy = {n for n, s in services(project()).items() if "healthcheck" in s}
    assert staying - {"simulator"} == healthy == {"kafka", "influxdb", "mail", "grafana", "worker"}


def test_a_container_gets_time_to_write_what_it_holds() -> None:
    found = services(project())
    for name in ("kafka", "influxdb", "worker"):
        assert found[name]["stop_grace_period"] == "1m"

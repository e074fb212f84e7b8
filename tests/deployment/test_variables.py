"""Variables: where they come from, what they mean, and that no secret is in a file."""

import re

import pytest

from tests.deployment.compose_file import (
    COMPOSE,
    EXAMPLE,
    ROOT,
    Tree,
    example,
    parse,
    project,
    resolve,
    services,
    variables,
)
from tidegauge.settings import Settings
from tidegauge.spec.loader import load_pipeline

SECRETS = {"INFLUXDB_TOKEN", "DOCKER_INFLUXDB_INIT_PASSWORD", "GF_SECURITY_ADMIN_PASSWORD"}
SETTINGS = {str(field.alias) for field in Settings.model_fields.values()}
OURS = ("TIDEGAUGE_", "KAFKA_", "INFLUXDB_")
SECRET_NAME = re.compile("TOKEN|PASSWORD|SECRET|CREDENTIAL|PRIVATE")


def _unresolved() -> dict[str, Tree]:
    return services(parse(COMPOSE.read_text()))


def test_the_example_has_every_variable_and_no_other() -> None:
    assert {variable.name for variable in variables(COMPOSE.read_text())} == set(example())


def test_the_example_says_what_each_variable_is() -> None:
    commented = False
    for line in EXAMPLE.read_text().splitlines():
        commented = line.startswith("# ") or (commented and bool(line))
        assert commented or not line, line


def test_the_example_has_the_defaults_of_the_file() -> None:
    defaults = {v.name: v.word for v in variables(COMPOSE.read_text()) if v.operator == ":-"}
    assert defaults == {name: value for name, value in example().items() if name not in SECRETS}


def test_every_variable_of_ours_is_a_setting() -> None:
    named = set(example())
    for name in ("worker", "simulator", "grafana", "tokens"):
        named |= set(_unresolved()[name]["environment"])
    assert {name for name in named if name.startswith(OURS)} <= SETTINGS


def test_the_worker_reads_its_settings() -> None:
    environment = services(project())["worker"]["environment"]
    file = environment.pop("INFLUXDB_TOKEN_FILE")
    assert file == "/run/tokens/flow/token"
    settings = Settings(_env_file=None, **environment)
    assert settings.kafka_bootstrap == "kafka:19092"
    assert settings.influxdb_url == "http://influxdb:8086"
    assert settings.start_timeout_s == 30


def test_the_example_has_no_secret() -> None:
    assert {name for name in example() if SECRET_NAME.search(name)} == SECRETS
    assert {name for name, value in example().items() if not value} == SECRETS


def test_the_file_has_no_secret() -> None:
    for service in _unresolved().values():
        for name, value in service.get("environment", {}).items():
            if SECRET_NAME.search(name) and not name.endswith("_FILE"):
                assert re.fullmatch(r"\$\{\w+:\?[^}]+\}", value), name


@pytest.mark.parametrize("missing", sorted(SECRETS))
def test_without_a_secret_nothing_starts(missing: str) -> None:
    values = {**dict.fromkeys(SECRETS, "x"), missing: ""}
    with pytest.raises(KeyError, match=missing):
        resolve(parse(COMPOSE.read_text()), values)


def test_secrets_stay_out_of_version_control() -> None:
    assert ".env" in (ROOT / ".gitignore").read_text().splitlines()


def test_influxdb_is_set_up_for_the_pipeline_and_its_clients() -> None:
    found = services(project())
    setup, worker = found["influxdb"]["environment"], found["worker"]["environment"]
    output = load_pipeline(ROOT / "pipelines/machines.yaml").output.influxdb
    assert output is not None
    assert setup["DOCKER_INFLUXDB_INIT_BUCKET"] == output.bucket
    assert setup["DOCKER_INFLUXDB_INIT_ORG"] == worker["INFLUXDB_ORG"]
    made = found["tokens"]["environment"]["INFLUXDB_TOKEN"]
    assert made == setup["DOCKER_INFLUXDB_INIT_ADMIN_TOKEN"]


def test_neither_the_flow_nor_grafana_has_the_token_that_may_do_everything() -> None:
    found = services(project())
    tokens = found["tokens"]
    command, (flow, grafana) = tokens["command"][:-2], tokens["command"][-2:]
    assert command == ["python", "-m", "dataflows.tokens"]
    for name, file in (("worker", flow), ("grafana", grafana)):
        assert "made-up-influxdb_token" not in str(found[name])
        (mount,) = [one for one in found[name]["volumes"] if "/run/tokens" in str(one)]
        volume, folder, how = mount.split(":")
        assert (file, how) == (f"{folder}/token", "ro")
        assert f"{volume}:{folder}" in tokens["volumes"]
        assert found[name]["depends_on"]["tokens"] == {
            "condition": "service_completed_successfully"
        }
    assert found["worker"]["environment"]["INFLUXDB_TOKEN_FILE"] == flow
    # The image runs as this group, and so the file belongs to it.
    assert found["grafana"]["group_add"] == ["10001"]
    assert f"INFLUXDB_TOKEN=$(cat {grafana})" in found["grafana"]["entrypoint"][-1]


def test_images_of_others_are_pinned_by_digest() -> None:
    ours = services(project())["worker"]["image"]
    images = {one["image"] for one in services(project()).values()} - {ours}
    assert len(images) == 4
    for image in images:
        assert re.fullmatch(r"[a-z/]+:v?\d+\.\d+\.\d+@sha256:[0-9a-f]{64}", image), image


def test_the_pipeline_gets_the_variables_it_names() -> None:
    named = {
        variable.name for variable in variables((ROOT / "pipelines/machines.yaml").read_text())
    }
    assert named <= set(services(project())["worker"]["environment"])


def test_grafana_gets_the_variables_that_provisioning_names() -> None:
    files = [*(ROOT / "provisioning").rglob("*.yaml"), *(ROOT / "provisioning").rglob("*.yml")]
    text = "\n".join(file.read_text() for file in files)
    named = set(re.findall(r"(?<!\$)\$\{?([A-Z][A-Z0-9_]+)\b", text))
    assert "INFLUXDB_TOKEN" in named
    grafana = services(project())["grafana"]
    assert named <= {"INFLUXDB_TOKEN", *grafana["environment"]}

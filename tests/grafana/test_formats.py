"""Provisioning files: strict models, names and uids that refer to each other."""

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from grafana.formats.base import File
from grafana.formats.contact_points import ContactPointFile
from grafana.formats.data_sources import DataSourceFile
from grafana.formats.policies import PolicyFile
from grafana.formats.providers import ProviderFile
from grafana.formats.rules import RuleFile
from tests.grafana.rendering import files, panels, subjects, walk
from tests.grafana.shop import shop

FILES = files([*subjects(), shop()], webhook=True)
MODELS: dict[str, type[File]] = {
    "datasources/influxdb.yaml": DataSourceFile,
    "dashboards/tidegauge.yaml": ProviderFile,
    "alerting/contact-points.yaml": ContactPointFile,
    "alerting/policies.yaml": PolicyFile,
}
RULES = {path: content for path, content in FILES.items() if path.startswith("alerting/rules-")}
BOARDS = {content["uid"]: content for path, content in FILES.items() if path.endswith(".json")}


def read(model: type[File], content: Any) -> File:
    """As JSON, for there a pair is a list as in YAML."""
    return model.model_validate_json(json.dumps(content), by_name=False)


def _mail(content: Any) -> Any:
    return content["contactPoints"][0]["receivers"][0]


def _json_data(content: Any) -> Any:
    return content["datasources"][0]["jsonData"]


def plain(file: File) -> Any:
    return json.loads(json.dumps(file.plain()))


def groups() -> Iterator[Any]:
    for content in RULES.values():
        yield from content["groups"]


def rules() -> Iterator[Any]:
    for group in groups():
        yield from group["rules"]


def test_every_file_is_as_grafana_documents_it() -> None:
    known: dict[str, type[File]] = {**MODELS, **dict.fromkeys(RULES, RuleFile)}
    yaml = {path for path in FILES if path.endswith(".yaml")}
    assert yaml == set(known)
    for path in yaml:
        assert plain(read(known[path], FILES[path])) == FILES[path]


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("alerting/rules-shop.yaml", lambda r: r.update(keep_firing_for="1m")),
        ("alerting/rules-shop.yaml", lambda r: r.update(missingSeriesEvalsToResolve=3)),
        ("alerting/rules-shop.yaml", lambda r: r.update(noDataState="Ok")),
        ("alerting/rules-shop.yaml", lambda r: r.update(execErrState="KeepState")),
        ("alerting/rules-shop.yaml", lambda r: r.update(dashboardUID="x")),
        ("alerting/rules-shop.yaml", lambda r: r.update(uid="x" * 41)),
        ("alerting/rules-shop.yaml", lambda r: r.update(uid="a b")),
        ("alerting/rules-shop.yaml", lambda r: r.update(isPaused="false")),
        ("alerting/rules-shop.yaml", lambda r: r.update({"for": "0"})),
        ("alerting/rules-shop.yaml", lambda r: r.pop("condition")),
        ("alerting/rules-shop.yaml", lambda r: r["data"][0]["model"].pop("rawQuery")),
        ("alerting/rules-shop.yaml", lambda r: r["data"][0]["relativeTimeRange"].update(to=-1)),
        ("alerting/rules-shop.yaml", lambda r: r["labels"].update(level=8)),
    ],
)
def test_a_wrong_key_word_or_type_in_a_rule_is_refused(
    path: str, change: Callable[[Any], object]
) -> None:
    content = copy.deepcopy(FILES[path])
    change(content["groups"][0]["rules"][0])
    with pytest.raises(ValidationError):
        read(RuleFile, content)


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("alerting/policies.yaml", lambda c: c["policies"][0].update(groupBy=[])),
        ("alerting/policies.yaml", lambda c: c["policies"][0].update(group_wait=30)),
        ("alerting/policies.yaml", lambda c: c["policies"][0]["routes"][0].update(matchers=[])),
        ("alerting/contact-points.yaml", lambda c: c.update(contact_points=[])),
        ("alerting/contact-points.yaml", lambda c: _mail(c).update(type="mail")),
        ("alerting/contact-points.yaml", lambda c: _mail(c)["settings"].update(addresses="")),
        ("datasources/influxdb.yaml", lambda c: _json_data(c).update(httpMode="post")),
        ("datasources/influxdb.yaml", lambda c: c["datasources"][0].update(database="x")),
        ("dashboards/tidegauge.yaml", lambda c: c["providers"][0].update(folder="x")),
    ],
)
def test_a_wrong_key_word_or_type_in_the_other_files_is_refused(
    path: str, change: Callable[[Any], object]
) -> None:
    content = copy.deepcopy(FILES[path])
    change(content)
    with pytest.raises(ValidationError):
        read(MODELS[path], content)


def test_the_data_source_is_the_one_that_panels_variables_and_rules_name() -> None:
    (source,) = FILES["datasources/influxdb.yaml"]["datasources"]
    assert source["uid"] == "influxdb"
    assert source["jsonData"]["timeInterval"] == "1s"
    assert source["jsonData"]["httpMode"] == "POST"
    assert source["jsonData"]["version"] == "InfluxQL"
    assert source["secureJsonData"]["httpHeaderValue1"] == "Token $INFLUXDB_TOKEN"
    for board in BOARDS.values():
        found = [
            part["datasource"]
            for part in walk(board)
            if isinstance(part, dict) and "datasource" in part
        ]
        assert found
        assert all(each == {"type": "influxdb", "uid": "influxdb"} for each in found)
    for rule in rules():
        for query in rule["data"]:
            assert query["datasourceUid"] in {"influxdb", "__expr__"}
            assert query["model"]["datasource"]["uid"] == query["datasourceUid"]


def test_rules_point_at_panels_that_are_there() -> None:
    for rule in rules():
        numbers = {panel["id"] for panel in panels(BOARDS[rule["dashboardUid"]])}
        assert rule["panelId"] in numbers, rule["uid"]


def test_expressions_refer_to_queries_of_their_rule_in_the_shape_a_b_c() -> None:
    for rule in rules():
        letters = [query["refId"] for query in rule["data"]]
        assert letters in (list("ABC"), list("ABCDE"))
        assert rule["condition"] == "C"
        kinds = {query["refId"]: query["model"].get("type", "query") for query in rule["data"]}
        assert {**kinds, "D": 0, "E": 0} == {
            "A": "query", "B": "reduce", "C": "threshold", "D": 0, "E": 0
        }  # fmt: skip
        for query in rule["data"]:
            assert query["model"].get("expression", "A") in letters


def test_uids_and_titles_are_unique() -> None:
    uids = [rule["uid"] for rule in rules()]
    assert len(set(uids)) == len(uids)
    for content in RULES.values():
        titles = [rule["title"] for group in content["groups"] for rule in group["rules"]]
        assert len(set(titles)) == len(titles)


def test_a_pipeline_has_a_folder_for_its_rules_and_its_dashboard() -> None:
    for path, content in RULES.items():
        name = path.removeprefix("alerting/rules-").removesuffix(".yaml")
        assert {group["folder"] for group in content["groups"]} == {name}
        assert f"dashboards/{name}/{name}.json" in FILES
    (provider,) = FILES["dashboards/tidegauge.yaml"]["providers"]
    assert provider["options"]["foldersFromFilesStructure"] is True


def test_policies_name_contact_points_that_are_there() -> None:
    named = {
        part["receiver"]
        for part in walk(FILES["alerting/policies.yaml"])
        if isinstance(part, dict) and "receiver" in part
    }
    points = {point["name"] for point in FILES["alerting/contact-points.yaml"]["contactPoints"]}
    assert named == points


def test_critical_levels_are_evaluated_every_10_s_without_for_and_told_after_1_s() -> None:
    for group in groups():
        levels = {int(rule["labels"].get("level", "8")) for rule in group["rules"]}
        if group["name"] == "critical":
            assert (group["interval"], min(levels) > 7) == ("10s", True)
        else:
            assert (group["interval"], max(levels) > 7) == ("1m", False)
        assert {rule["for"] for rule in group["rules"]} == {"0s"}
    (policy,) = FILES["alerting/policies.yaml"]["policies"]
    (critical,) = policy["routes"]
    assert (critical["group_wait"], critical["group_interval"]) == ("1s", "5s")
    assert critical["object_matchers"] == [["level", "=~", "[8-9]|[1-9][0-9]+"]]


def test_no_alert_becomes_no_data_and_an_answer_that_fails_changes_nothing() -> None:
    for rule in rules():
        stopped = rule["labels"]["alert"] == "flow_stopped"
        assert rule["noDataState"] == ("KeepLast" if stopped else "OK")
        assert rule["execErrState"] == "KeepLast"


def test_the_look_back_is_longer_than_the_time_between_two_records_of_a_firing() -> None:
    spans = {
        rule["labels"]["alert"]: rule["data"][0]["relativeTimeRange"]["from"]
        for rule in rules()
        if rule["labels"]["pipeline"] == "shop"
    }
    assert spans["low"] == 3 * 3_600
    assert spans["high"] == 3_620
    assert spans["unpaid"] == 3_600


def test_alert_queries_hold_no_variable_and_no_macro_but_the_time() -> None:
    for rule in rules():
        for query in rule["data"]:
            text = query["model"].get("query", "")
            assert "$" not in text.replace("$timeFilter", "")


def test_no_text_of_a_pipeline_is_taken_for_a_variable_of_the_environment() -> None:
    low = next(rule for rule in rules() if rule["labels"]["alert"] == "low")
    told = json.dumps(low["annotations"])
    assert "${" not in told
    assert '{{ \\"$\\" }}{HOME}' in told
    content = FILES["datasources/influxdb.yaml"]
    text = json.dumps(content).replace("$INFLUXDB_URL", "").replace("$INFLUXDB_TOKEN", "")
    assert "$" not in text


def test_a_webhook_is_there_only_when_asked_for() -> None:
    with_it = json.dumps(FILES["alerting/contact-points.yaml"])
    without = json.dumps(files(webhook=False)["alerting/contact-points.yaml"])
    assert "$ALERT_WEBHOOK_URL" in with_it
    assert "webhook" not in without
    assert "$ALERT_EMAIL" in without

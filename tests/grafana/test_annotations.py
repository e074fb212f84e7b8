"""Texts of notifications, as Go templates."""

import pytest

from grafana.alerting.annotations import VALUE, annotations, literal
from tidegauge.spec.models import Alert


def told(keys: list[str], *, has_value: bool = True, **settings: object) -> dict[str, str]:
    alert = Alert.model_validate({"when": "w.f > 1", "level": 8, **settings})
    return annotations("hot", alert, keys, has_value=has_value)


def test_brackets_of_a_summary_become_labels_and_the_value() -> None:
    found = told(["machine"], summary="{machine}: {value} °C, {alert} {level}")
    assert found["summary"] == f'{{{{ index $labels "machine" }}}}: {VALUE} °C, hot 8'


def test_without_a_value_it_says_so() -> None:
    assert told([], has_value=False, summary="is {value}")["summary"] == "is no value"


def test_without_a_summary_it_names_the_alert_and_its_keys() -> None:
    assert told(["a"])["summary"] == 'hot {{ index $labels "a" }}'


def test_description_and_runbook_of_the_file_are_told() -> None:
    found = told([], description="Too hot", runbook="https://wiki.example/hot")
    assert (found["description"], found["runbook_url"]) == ("Too hot", "https://wiki.example/hot")
    assert told([])["description"] == "hot: w.f > 1"
    assert "runbook_url" not in told([])


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("{{ now }}", '{{ "{{" }} now }}'),
        ("$labels", '{{ "$" }}labels'),
        ("${HOME}", '{{ "$" }}{HOME}'),
        ("plain {text}", "plain {text}"),
    ],
)
def test_a_text_is_never_a_template(text: str, written: str) -> None:
    assert literal(text) == written

"""Texts of notifications, as Go templates."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grafana.alerting.annotations import VALUE, annotations, literal
from tests.grafana.notifications import expanded
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


texts = st.text('{}$. "\\`a-', max_size=12)


@given(texts)
def test_any_text_is_told_as_it_is(text: str) -> None:
    found = told([], description=text or "-")
    assert expanded(found["description"], {}, {}) == (text or "-")


@given(texts, texts, st.sampled_from(["machine", "user id"]))
def test_brackets_of_a_text_stand_beside_labels_and_values(
    before: str, after: str, key: str
) -> None:
    """A bracket before what is put in, and doubled ones that together would be an action."""
    first, last = (part.replace("{", "{{").replace("}", "}}") for part in (before, after))
    summary = f"{first}{{{key}}}{last}{{value}}{first}"
    found = told([key], summary=summary)["summary"]
    assert expanded(found, {key: "press"}, {"E": 14.5}) == f"{before}press{after}14.5{before}"

"""What may be written and is probably not meant is warned of, with its line."""

from pathlib import Path

import pytest

from tidegauge.spec.loader import load_pipeline
from tidegauge.spec.mistakes import Mistakes
from tidegauge.spec.warnings import warnings_of

FILE = """version: 1
pipeline: shop
sources:
  s:
    kafka: {{topic: s}}
    event_time: {{field: t, format: epoch_s}}
    fields: {{v: {{type: float}}, k: {{type: string}}, id: {{type: string}}, State: {{type: int}}}}
    derive: {{odd: {derive}}}
windows:
  {window}:
    from: s
    tumbling: {{size: 1m}}
    by: [{key}]
    where: {where}
    select: {{{field}: count(*)}}
alerts: {{a: {{when: {when}, level: 5}}}}
{output}
"""


def warnings(tmp_path: Path, **parts: str) -> list[tuple[int, str, str]]:
    """Line, key and message of each warning of the file with these parts."""
    sound = {
        "derive": "v > 1",
        "window": "w",
        "where": "v > 1",
        "field": "n",
        "key": "k",
        "when": "s.v > 1",
        "output": "output: {influxdb: {bucket: b}}",
    }
    file = tmp_path / "p.yaml"
    file.write_text(FILE.format(**{**sound, **parts}))
    found = warnings_of(file, load_pipeline(file))
    return [(one.line, one.key, one.message) for one in found]


def test_of_a_sound_file_nothing_is_said(tmp_path: Path) -> None:
    assert warnings(tmp_path) == []
    assert warnings(tmp_path, where="v IS NULL OR v IS DISTINCT FROM NULL") == []


@pytest.mark.parametrize("part", ["v = NULL", "NULL <> v", "NOT (v > 1 AND v <= NULL)"])
def test_a_comparison_with_null_is_never_true(tmp_path: Path, part: str) -> None:
    ((line, key, message),) = warnings(tmp_path, where=part)
    assert (line, key) == (14, "windows.w.where")
    assert "is never true" in message
    assert "IS NULL" in message


@pytest.mark.parametrize("part", ["k IN ('a', NULL)", "k NOT IN (NULL)"])
def test_null_in_a_list_finds_nothing(tmp_path: Path, part: str) -> None:
    ((line, key, message),) = warnings(tmp_path, derive=f'"{part}"')
    assert (line, key) == (8, "sources.s.derive.odd")
    assert "equal to nothing" in message


def test_conditions_of_alerts_are_looked_at_too(tmp_path: Path) -> None:
    ((line, key, _),) = warnings(tmp_path, when="s.v = NULL")
    assert (line, key) == (16, "alerts.a.when")


def test_a_name_that_is_a_keyword_of_influxql_is_told_with_what_to_write(tmp_path: Path) -> None:
    found = warnings(tmp_path, window="group", field="duration")
    assert [(line, key) for line, key, _ in found] == [
        (10, "windows.group"),
        (15, "windows.group.select.duration"),
    ]
    assert found[1][2].endswith('queries have to write it as "duration"')


def test_without_influxdb_its_keywords_are_names_as_any(tmp_path: Path) -> None:
    assert warnings(tmp_path, window="group", output="") == []


@pytest.mark.parametrize("written", ["true", "True"])
def test_on_that_a_yaml_1_1_tool_has_made_true_is_named(tmp_path: Path, written: str) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(
        "version: 1\npipeline: shop\nsources:\n  s:\n    kafka: {topic: s}\n"
        "    event_time: {field: t, format: epoch_s}\n    fields: {v: {type: float}}\n"
        "windows:\n  w: {from: s, tumbling: {size: 1m}, select: {n: count(*)}}\n"
        f"anomalies:\n  odd: {{{written}: w.n}}\n"
    )
    with pytest.raises(Mistakes) as raised:
        load_pipeline(file)
    (mistake,) = raised.value.mistakes
    assert (mistake.line, mistake.key) == (11, f"anomalies.odd.{written}")
    assert mistake.message.startswith(
        'unknown key (did you mean on? A tool of YAML 1.1 has rewritten it: write "on" in quotes)'
    )


@pytest.mark.parametrize(
    ("part", "name", "key", "line"),
    [
        ("window", "true", "windows.true", 10),
        ("field", "false", "windows.w.select.false", 15),
        ("field", "null", "windows.w.select.null", 15),
    ],
)
def test_a_name_that_a_tool_of_yaml_1_1_may_have_written(
    tmp_path: Path, part: str, name: str, key: str, line: int
) -> None:
    found = [one for one in warnings(tmp_path, **{part: name}, output="") if "YAML 1.1" in one[2]]
    ((at, where, message),) = found
    assert (at, where) == (line, key)
    assert message.endswith(f'give the name that is meant, or "{name}" in quotes if this is it')
    quoted = warnings(tmp_path, **{part: f"'{name}'"}, output="")
    assert quoted == []


def test_names_that_only_begin_like_one_are_left_alone(tmp_path: Path) -> None:
    assert warnings(tmp_path, window="true_rate", field="n90", output="") == []


@pytest.mark.parametrize(("name", "warned"), [("90", True), ("1.5", True), ('"90"', False)])
def test_a_field_that_is_called_as_a_number(tmp_path: Path, name: str, warned: bool) -> None:  # noqa: FBT001 - a case, not an option
    warnings(tmp_path, output="")
    file = tmp_path / "p.yaml"
    text = file.read_text()
    file.write_text(
        text.replace("k: {type: string}", f"k: {{type: string}}, {name}: {{type: int}}")
    )
    found = [one.key for one in warnings_of(file, load_pipeline(file))]
    assert found == ([f"sources.s.fields.{name}"] if warned else [])


@pytest.mark.parametrize(("name", "column"), [("id", "id"), ("State", "state")])
def test_a_key_that_no_alert_could_carry_is_warned_of_where_none_is_on_it(
    tmp_path: Path, name: str, column: str
) -> None:
    ((line, key, message),) = warnings(tmp_path, key=name)
    assert (line, key) == (13, "windows.w.by[0]")
    assert message == (
        f"records of alerts have a column {column} of their own, so an alert on this window would"
        " be refused, and another key begins its state anew; give it another name now with derive,"
        f" such as {name}_key: '\"{name}\"'"
    )


@pytest.mark.parametrize("name", ["id", "State"])
def test_a_key_that_an_alert_cannot_carry_is_a_mistake(tmp_path: Path, name: str) -> None:
    with pytest.raises(Mistakes, match=f"{name} cannot be a key, for records of alerts have"):
        warnings(tmp_path, key=name, when="w.n > 1")

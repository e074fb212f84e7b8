import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.tidegauge.spec.test_mistakes import GOOD
from tidegauge.spec.document import read_document
from tidegauge.spec.schema import pipeline_schema, render_schema

PIPELINES = Path(__file__).parents[3] / "pipelines"
VALIDATOR = jsonschema.Draft202012Validator(pipeline_schema())


def plain(text: str) -> Any:
    """The file as an editor sees it: variables as they are written."""
    return read_document(text.replace("${", "$ {"), {}).value


def valid(text: str) -> bool:
    return bool(VALIDATOR.is_valid(json.loads(json.dumps(plain(text)).replace("$ {", "${"))))


def test_the_committed_schema_is_current() -> None:
    committed = (PIPELINES / "pipeline.schema.json").read_text(encoding="utf-8")
    assert committed == render_schema()


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(pipeline_schema())


@pytest.mark.parametrize("file", sorted(PIPELINES.glob("*.yaml")), ids=lambda file: file.name)
def test_accepts_the_examples(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.startswith("# yaml-language-server: $schema=./pipeline.schema.json\n")
    assert valid(text)


@pytest.mark.parametrize(
    ("old", "new", "accepted"),
    [
        ("level: 8", "level: 9", True),
        ("level: 8", "level: ${LEVEL:-8}", True),
        ("every: 10s", "every: '${EVERY}'", True),
        ("level: 8", "level: 11", False),
        ("level: 8", "levl: 8", False),
        ("every: 10s", "every: 10", False),
        ("every: 10s", "every: ten", False),
        ("type: float", "type: flot", False),
        ("pipeline: payments", "pipeline: My", False),
        ("  spend:", "  my spend:", False),
        ("    from: payments\n", "", False),
        ("count: count(*)", "count: {expr: count(*), unit: short}", True),
        ("count: count(*)", "count: {unit: short}", False),
    ],
)
def test_knows_what_is_allowed(old: str, new: str, *, accepted: bool) -> None:
    assert old in GOOD
    assert valid(GOOD.replace(old, new, 1)) is accepted


def test_every_key_says_what_it_is_for() -> None:
    schema = pipeline_schema()
    for name, part in {"": schema, **schema["$defs"]}.items():
        for key, about in part.get("properties", {}).items():
            assert about.get("description") or "$ref" in about, f"{name}.{key}"


def test_defaults_are_written_as_in_the_file() -> None:
    fields = pipeline_schema()["$defs"]["EventTime"]["properties"]
    assert fields["out_of_orderness"]["default"] == "2s"
    assert fields["max_future"]["default"] == "5m"

"""JSON Schema of the pipeline file, for editors: rendered from the models, committed, checked."""

import json
from typing import Any

from tidegauge.durations import format_duration_ns
from tidegauge.spec.models import DURATION_PATTERN, Pipeline

_VARIABLE = {"type": "string", "pattern": r"\$\{", "description": "Value from the environment."}
_VARIABLE_REFERENCE = {"$ref": "#/$defs/variable"}
_CONSTRAINTS = ("enum", "const", "pattern", "minimum", "exclusiveMinimum", "maximum", "maxLength")


def pipeline_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a pipeline file.

    Every value may also be written as a variable, `${NAME}`.
    """
    schema: dict[str, Any] = Pipeline.model_json_schema(by_alias=True, mode="validation")
    definitions = {name: _adapted(part) for name, part in schema.pop("$defs").items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **_adapted(schema),
        "title": "Tidegauge pipeline",
        "$defs": {**definitions, "variable": _VARIABLE},
    }


def render_schema() -> str:
    """The schema as the text of its file."""
    return json.dumps(pipeline_schema(), indent=2, ensure_ascii=False) + "\n"


def _adapted(part: dict[str, Any]) -> dict[str, Any]:
    """A part of the schema without generated titles, with durations as text and variables."""
    adapted = {key: _adapted_value(key, value) for key, value in part.items() if key != "title"}
    if adapted.get("pattern") == DURATION_PATTERN and isinstance(adapted.get("default"), int):
        adapted["default"] = format_duration_ns(adapted["default"])
    if adapted.get("default", ...) is None:
        del adapted["default"]
    if "patternProperties" in adapted:
        adapted["additionalProperties"] = False
    return _or_variable(adapted)


def _adapted_value(key: str, value: Any) -> Any:
    if key in ("properties", "patternProperties"):
        return {name: _adapted(part) for name, part in value.items()}
    if key == "anyOf":
        # A key without a value is the same as no key; editors need not offer it.
        parts = [_adapted(part) for part in value if part != {"type": "null"}]
        return [choice for part in parts for choice in part.get("anyOf", [part])]
    if key in ("items", "additionalProperties") and isinstance(value, dict):
        return _adapted(value)
    return value


def _or_variable(part: dict[str, Any]) -> dict[str, Any]:
    kind = part.get("type")
    limited = kind == "string" and any(name in part for name in _CONSTRAINTS)
    if kind not in ("integer", "number", "boolean") and not limited:
        return _without_repetition(part)
    about = {key: value for key, value in part.items() if key in ("description", "default")}
    value = {key: value for key, value in part.items() if key not in about}
    return {**about, "anyOf": [value, _VARIABLE_REFERENCE]}


def _without_repetition(part: dict[str, Any]) -> dict[str, Any]:
    choices: list[dict[str, Any]] = part.get("anyOf", [])
    if len(choices) != 1:
        return part
    return {**choices[0], **{key: value for key, value in part.items() if key != "anyOf"}}

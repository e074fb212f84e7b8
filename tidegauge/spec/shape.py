"""What the models say of a file: keys, types and ranges, as problems that people understand."""

import types
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from tidegauge.expressions.names import nearest
from tidegauge.spec.mistakes import Path, Problem
from tidegauge.spec.models import MEANINGS, Pipeline
from tidegauge.texts import cut

_KEY = "[key]"
_PLAIN = {
    "string_type": "must be a text: put it in quotes",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "list_type": "must be a list, such as [a, b]",
    "dict_type": "must be a mapping of names, each with what it is",
}
_BOUNDS = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}
_REWRITTEN = {"true": "on"}
"""What tools that read YAML 1.1 make of a key that they take for a truth value."""
_YAML_1_1 = 'A tool of YAML 1.1 has rewritten it: write "{}" in quotes'


@dataclass(frozen=True, slots=True)
class Refusal:
    """A problem that the models found; for an unknown key, the key that was probably meant."""

    problem: Problem
    unknown_key: bool = False
    meant: str | None = None


def refusals(error: ValidationError) -> list[Refusal]:
    """All that the models refuse.

    A key that is missing because it was misspelt is told of once, as the misspelt one.
    """
    details = error.errors(include_url=False)
    missing = {detail["loc"] for detail in details if detail["type"] == "missing"}
    found = []
    for detail in details:
        if detail["type"] != "extra_forbidden":
            continue
        *parent, key = detail["loc"]
        allowed = allowed_keys(tuple(parent))
        rewritten = _REWRITTEN.get(str(key).lower())
        meant = rewritten if rewritten in allowed else None
        advice = f" {_YAML_1_1.format(meant)}" if meant else ""
        meant = meant or nearest(str(key), [one for one in allowed if (*parent, one) in missing])
        meant = meant or nearest(str(key), allowed)
        missing.discard((*parent, meant or ""))
        hint = f" (did you mean {meant}?{advice})" if meant else ""
        message = f"unknown key{hint}; allowed: {', '.join(allowed)}"
        found.append(Refusal(Problem(detail["loc"], message), unknown_key=True, meant=meant))
    for detail in details:
        if detail["type"] == "missing":
            if detail["loc"] in missing:
                found.append(Refusal(Problem(detail["loc"], "the key is missing and required")))
        elif detail["type"] != "extra_forbidden":
            path = tuple(part for part in detail["loc"] if part != _KEY)
            found.append(Refusal(Problem(path, _message(detail, path))))
    return found


def allowed_keys(path: Path) -> list[str]:
    """Keys of the mapping at `path`, as the file writes them."""
    kind: Any = Pipeline
    for part in path:
        kind = _inner(_bare(kind), part)
    model = _bare(kind)
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return []
    return [info.alias or name for name, info in model.model_fields.items()]


def _bare(kind: Any) -> Any:
    """The type without `Annotated` and `| None`."""
    while get_origin(kind) in (Annotated, Union, types.UnionType):
        kind = next(part for part in get_args(kind) if part is not types.NoneType)
    return kind


def _inner(kind: Any, part: str | int) -> Any:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        for name, info in kind.model_fields.items():
            if part == (info.alias or name):
                return info.annotation
        return None
    arguments = get_args(kind)
    return arguments[-1] if arguments else None


def _message(detail: Mapping[str, Any], path: Path) -> str:
    kind, context = str(detail["type"]), detail.get("ctx", {})
    got = _shown(path[-1] if detail["loc"][-1] == _KEY else detail["input"])
    if kind == "value_error":
        return " ".join(str(context["error"]).split())
    if kind in ("model_type", "model_attributes_type"):
        return f"must be a mapping with the keys {', '.join(allowed_keys(path))}, not {got}"
    if kind == "int_parsing_size" or (kind == "int_from_float" and detail["input"].is_integer()):
        return f"{got} is too large"
    if kind in _PLAIN:
        return f"{_PLAIN[kind]}, not {got}"
    allowed = _allowed(kind, context)
    return f"{got} is not allowed; allowed: {allowed}" if allowed else str(detail["msg"])


def _allowed(kind: str, context: Mapping[str, Any]) -> str | None:
    """What a refused value could have been."""
    if kind in ("literal_error", "enum"):
        return str(context["expected"]).replace("'", "").replace(" or ", ", ")
    if kind == "string_pattern_mismatch":
        return MEANINGS[context["pattern"]]
    if kind == "string_too_long":
        return f"at most {context['max_length']} characters"
    if kind in _BOUNDS:
        name, words = _BOUNDS[kind]
        return f"{words} {context[name]}"
    return None


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    return cut(repr(value))

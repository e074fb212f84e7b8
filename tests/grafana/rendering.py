"""Files rendered from the example pipelines, as plain values."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ruamel.yaml import YAML

from grafana.render import RULES, render
from grafana.subject import Subject, subject_of
from tests.grafana.filled import EXAMPLES, NAMES
from tidegauge.spec.loader import load_pipeline
from tidegauge.spec.models import Pipeline

RENDERED = (*NAMES, "warehouse")
"""Examples that have files; those with a store that a test fills, and others."""


def examples() -> list[Pipeline]:
    """The example pipelines."""
    return [load_pipeline(EXAMPLES / f"{name}.yaml") for name in RENDERED]


def subjects() -> list[Subject]:
    """What is rendered from them."""
    return list(map(subject_of, examples()))


def files(of: Sequence[Subject] | None = None, *, webhook: bool = False) -> dict[str, Any]:
    """All rendered files, read again."""
    rendered = render(of or subjects(), webhook=webhook)
    return {path: _read(path, text) for path, text in rendered.items()}


def dashboards(of: Sequence[Subject] | None = None) -> dict[str, Any]:
    """All dashboards by the name of their file."""
    found = files(of).items()
    return {path.split("/")[-1][:-5]: board for path, board in found if path.endswith(".json")}


def rules(subject: Subject) -> dict[str, Any]:
    """The rules of a pipeline, by the alert they are about."""
    file = files([subject])[RULES.format(subject.pipeline.pipeline)]
    found = (rule for group in file["groups"] for rule in group["rules"])
    return {rule["labels"]["alert"]: rule for rule in found}


def panels(board: Mapping[str, Any]) -> list[Any]:
    """The panels of a dashboard, without the titles of rows."""
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def walk(value: Any) -> Iterator[Any]:
    """A value and everything in it."""
    yield value
    inside: Iterable[Any] = ()
    if isinstance(value, Mapping):
        inside = value.values()
    elif isinstance(value, list):
        inside = value
    for each in inside:
        yield from walk(each)


def _read(path: str, text: str) -> Any:
    return json.loads(text) if path.endswith(".json") else YAML(typ="safe", pure=True).load(text)

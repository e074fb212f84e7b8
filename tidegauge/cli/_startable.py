"""What would keep a file from being started though its declarations are right."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from operators.cep.plan import plan_pattern
from operators.predictions.plan import plan_predictions
from tidegauge.cli._functions import UndecidedError, function_mistake
from tidegauge.cli._tables import missing_tables, table_mistakes
from tidegauge.errors import UserMistake
from tidegauge.spec.document import read_document
from tidegauge.spec.mistakes import Mistake, Mistakes, Problem, dotted
from tidegauge.spec.mistakes import Path as KeyPath
from tidegauge.spec.models import Pipeline


def check_startable(file: Path, pipeline: Pipeline) -> None:
    """Look at what only the flow looks at: patterns, models, functions and the rows of tables.

    Raises:
        Mistakes: `test` and `run` would refuse the file; a line for each reason.
    """
    found = [
        *_patterns(pipeline),
        *_predictions(file, pipeline),
        *_functions(pipeline),
        *table_mistakes(file.parent, pipeline),
    ]
    if found:
        document = read_document(file.read_text(encoding="utf-8-sig"), os.environ)
        raise Mistakes(
            str(file),
            [Mistake(document.line(path), dotted(path), message) for path, message in found],
        )


def start_warnings(file: Path, pipeline: Pipeline, *, imported: bool) -> list[Mistake]:
    """What the start needs and a check cannot tell: tables to come, functions to be imported.

    Args:
        file: the pipeline file.
        pipeline: what is in it.
        imported: the functions were imported.
    """
    found = list(missing_tables(file.parent, pipeline))
    if not imported:
        found += _unimported(pipeline)
    if not found:
        return []
    document = read_document(file.read_text(encoding="utf-8-sig"), os.environ)
    return [Mistake(document.line(one.path), dotted(one.path), one.message) for one in found]


def _patterns(pipeline: Pipeline) -> Iterator[tuple[KeyPath, str]]:
    for name in pipeline.patterns:
        try:
            plan_pattern(pipeline, name)
        except UserMistake as mistake:
            yield ("patterns", name, "match"), _without(f"patterns.{name}", mistake)


def _predictions(file: Path, pipeline: Pipeline) -> Iterator[tuple[KeyPath, str]]:
    for name, prediction in pipeline.predictions.items():
        alone = pipeline.model_copy(update={"predictions": {name: prediction}})
        try:
            plan_predictions(alone, file.parent)
        except UserMistake as mistake:
            yield ("predictions", name, "model"), _without(f"predictions.{name}", mistake)


def _functions(pipeline: Pipeline) -> Iterator[tuple[KeyPath, str]]:
    for name, reference in _references(pipeline):
        with suppress(UndecidedError):
            if wrong := function_mistake(reference):
                message = f"{reference}: {wrong}; allowed is module:function on the Python path"
                yield ("sources", name, "process"), message


def _unimported(pipeline: Pipeline) -> Iterator[Problem]:
    for name, reference in _references(pipeline):
        try:
            function_mistake(reference)
        except UndecidedError:
            message = f"{reference} was not imported; tidegauge check --import tries it"
            yield Problem(("sources", name, "process"), message)


def _references(pipeline: Pipeline) -> Iterator[tuple[str, str]]:
    for name, source in pipeline.sources.items():
        if source.process is not None:
            yield name, source.process.function


def _without(path: str, mistake: UserMistake) -> str:
    """What is wrong, without the place, which is told with its line."""
    return " ".join(str(mistake).removeprefix(f"{path}: ").split())

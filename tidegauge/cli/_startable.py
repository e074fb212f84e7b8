"""What would keep a file from being started though its declarations are right."""

import os
from collections.abc import Iterator
from pathlib import Path

from operators.cep.plan import plan_pattern
from operators.predictions.plan import plan_predictions
from tidegauge.errors import UserMistake
from tidegauge.spec.document import read_document
from tidegauge.spec.mistakes import Mistake, Mistakes, dotted
from tidegauge.spec.mistakes import Path as KeyPath
from tidegauge.spec.models import Pipeline


def check_startable(file: Path, pipeline: Pipeline) -> None:
    """Plan what only the flow plans: patterns may be too large, and models unusable.

    Raises:
        Mistakes: `test` and `run` would refuse the file; a line for each reason.
    """
    found = [*_patterns(pipeline), *_predictions(file, pipeline)]
    if found:
        document = read_document(file.read_text(encoding="utf-8-sig"), os.environ)
        raise Mistakes(
            str(file),
            [Mistake(document.line(path), dotted(path), message) for path, message in found],
        )


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


def _without(path: str, mistake: UserMistake) -> str:
    """What is wrong, without the place, which is told with its line."""
    return " ".join(str(mistake).removeprefix(f"{path}: ").split())

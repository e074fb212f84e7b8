"""The predictions of a pipeline file, with their models loaded."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from operators.predictions.model import Asked, Scorer
from tidegauge.errors import UserMistake
from tidegauge.expressions.targets import target_columns
from tidegauge.spec.models import Pipeline, Prediction


@dataclass(frozen=True, slots=True)
class PredictionPlan:
    """One prediction.

    Attributes:
        name: its name, also its signal's.
        window: the window whose records it reads.
        by: key columns of the window.
        scorer: the model.
    """

    name: str
    window: str
    by: tuple[str, ...]
    scorer: Scorer


def plan_predictions(pipeline: Pipeline, folder: Path) -> tuple[PredictionPlan, ...]:
    """All predictions of a checked pipeline file.

    Args:
        pipeline: the pipeline.
        folder: where the pipeline file is.

    Raises:
        UserMistake: a model cannot be used; a line for each.
    """
    mistakes: list[str] = []
    plans = []
    for name, prediction in pipeline.predictions.items():
        try:
            plans.append(_plan(pipeline, name, prediction, folder))
        except UserMistake as mistake:
            mistakes.append(f"predictions.{name}: {mistake}")
    if mistakes:
        raise UserMistake("\n".join(mistakes))
    return tuple(plans)


def _plan(pipeline: Pipeline, name: str, prediction: Prediction, folder: Path) -> PredictionPlan:
    types = target_columns(pipeline, "window", prediction.on)
    inputs: Mapping[str, list[str]] = prediction.inputs
    asked = Asked(folder / prediction.model, inputs, prediction.output, prediction.column)
    by = tuple(pipeline.windows[prediction.on].by)
    return PredictionPlan(name, prediction.on, by, Scorer(asked, types))

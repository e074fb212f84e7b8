"""Forecasts of series, and predictions of a model of one's own."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from tidegauge.spec.models.values import LARGEST, DurationNs, Model, Number, Whole


class Forecast(Model):
    """What a field of a window will probably be, with the band it will probably lie in."""

    on: str = Field(description="`window.field`; the window is tumbling or sliding.")
    horizon: DurationNs = Field(description="How far ahead it looks.")
    every: DurationNs | None = Field(
        None, description="How often one is made, in event time; without it, for each new point."
    )
    band: Number = Field(
        0.95, ge=0.5, le=0.999, description="Share of the values that shall lie within the band."
    )
    season: DurationNs | None = Field(
        None, description="Length of the season, such as 1d; without it, found in the series."
    )
    description: str = Field("", description="What the forecast is for.")


def _as_inputs(value: object) -> object:
    if isinstance(value, list):
        return {"": value}
    if not isinstance(value, dict):
        raise ValueError(  # noqa: TRY004 - pydantic's
            "must be a list of fields for a model with one input, such as [count, amount_avg], or a"
            " mapping of the model's inputs to such lists"
        )
    return {name: [each] if isinstance(each, str) else each for name, each in value.items()}


Inputs = Annotated[
    dict[str, Annotated[list[str], Field(min_length=1)]],
    BeforeValidator(_as_inputs, json_schema_input_type=list[str] | dict[str, str | list[str]]),
]
"""Fields by the model's input; the name of the only one may be left out and is empty here."""


class Prediction(Model):
    """What a model of one's own, in the ONNX format, says of each result of a window."""

    on: str = Field(description="Window whose results are scored.")
    model: str = Field(description="ONNX file, relative to the pipeline file.")
    inputs: Inputs = Field(
        min_length=1,
        description="Fields of the window in the order of the model's columns; a mapping where it"
        " has several inputs.",
    )
    output: str | None = Field(None, description="Output to take, where the model has several.")
    column: Whole | None = Field(
        None,
        ge=0,
        le=LARGEST,
        description="Column of the output to take, from 0, where it has several.",
    )
    unit: str = Field("", description="Grafana unit id of the value, such as percentunit.")
    description: str = Field("", description="What the value means.")

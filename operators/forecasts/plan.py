"""The forecasts of a pipeline file, with what their series need to know."""

from collections.abc import Sequence
from dataclasses import dataclass

from operators.forecasts.config import ForecastConfig, configure
from tidegauge.expressions.conditions import read_condition
from tidegauge.forecasts import all_forecasts, grid_of, lead_name
from tidegauge.spec.models import Pipeline


@dataclass(frozen=True, slots=True)
class Lead:
    """How far ahead somebody wants to know a forecast.

    Attributes:
        name: name of the record batches that tell it.
        ns: how far.
        cell: the cell that is told, from 0; the first that is not nearer.
    """

    name: str
    ns: int
    cell: int


@dataclass(frozen=True, slots=True)
class ForecastPlan:
    """One forecast.

    Attributes:
        name: its name, also its signal's.
        window: the window whose records it reads.
        field: the column that is forecast.
        by: key columns that tell its series apart.
        config: what is forecast.
        leads: what alerts look at.
    """

    name: str
    window: str
    field: str
    by: tuple[str, ...]
    config: ForecastConfig
    leads: tuple[Lead, ...]


def plan_forecasts(pipeline: Pipeline) -> tuple[ForecastPlan, ...]:
    """All forecasts of a checked pipeline file, those for alerts among them."""
    asked: dict[str, set[int]] = {}
    for alert in pipeline.alerts.values():
        when = read_condition(alert.when, pipeline)
        if when.kind == "forecast":
            asked.setdefault(when.target, set()).add(when.lead_ns)
    plans = []
    for name, forecast in all_forecasts(pipeline).items():
        window, _, field = forecast.on.partition(".")
        declared = pipeline.windows[window]
        config = configure(grid_of(forecast, declared), forecast.band)
        leads = _leads(name, config, sorted(asked.get(name, ())))
        plans.append(ForecastPlan(name, window, field, tuple(declared.by), config, leads))
    return tuple(plans)


def _leads(name: str, config: ForecastConfig, asked: Sequence[int]) -> tuple[Lead, ...]:
    return tuple(
        Lead(lead_name(name, lead_ns), lead_ns, -(-lead_ns // config.cell_ns) - 1)
        for lead_ns in asked
    )

"""`alerting/*.yaml` with rules.

Interpolated from Grafana's environment: title, uid, folder, `for` and labels. Not interpolated:
the models of queries, and annotations but for `${…}`.
"""

from typing import Annotated, Literal

from pydantic import Field

from grafana.formats.base import Duration, File, OrgId, Part, Text, Uid

RefId = Annotated[str, Field(pattern=r"^[A-Z]$")]


class TimeRange(Part):
    """Seconds before the evaluation."""

    from_: Annotated[int, Field(ge=0)] = Field(alias="from")
    to: Annotated[int, Field(ge=0)]


class DataSourceRef(Part):
    """A data source."""

    type: Text
    uid: Text


class InfluxModel(Part):
    """An InfluxQL query."""

    ref_id: RefId
    datasource: DataSourceRef
    query: Text
    raw_query: Literal[True]
    result_format: Literal["time_series"]
    interval_ms: int
    max_data_points: int


class ReduceSettings(Part):
    """What is done with values that are no numbers."""

    mode: Literal["dropNN", "replaceNN", ""]


class ReduceModel(Part):
    """Each series to one number."""

    ref_id: RefId
    datasource: DataSourceRef
    type: Literal["reduce"]
    expression: RefId
    reducer: Literal["last", "max", "min", "mean", "sum", "count"]
    settings: ReduceSettings


class Evaluator(Part):
    """A comparison."""

    type: Literal["gt", "lt", "within_range", "outside_range"]
    params: list[float]


class Condition(Part):
    """A threshold."""

    evaluator: Evaluator


class ThresholdModel(Part):
    """Each number to whether it fires."""

    ref_id: RefId
    datasource: DataSourceRef
    type: Literal["threshold"]
    expression: RefId
    conditions: list[Condition]


class Query(Part):
    """A query or an expression of a rule."""

    ref_id: RefId
    datasource_uid: Text
    relative_time_range: TimeRange
    model: InfluxModel | ReduceModel | ThresholdModel


class Rule(Part):
    """A rule: `keepFiringFor` in camel case, `missing_series_evals_to_resolve` in snake case."""

    uid: Uid
    title: Annotated[str, Field(min_length=1, max_length=190)]
    condition: RefId
    data: list[Query]
    dashboard_uid: Uid | None = None
    panel_id: int | None = None
    no_data_state: Literal["NoData", "Alerting", "OK", "KeepLast"]
    exec_err_state: Literal["Error", "Alerting", "OK", "KeepLast"]
    for_: Duration = Field(alias="for")
    keep_firing_for: Duration | None = None
    missing_series_evals_to_resolve: int | None = Field(
        None, alias="missing_series_evals_to_resolve"
    )
    annotations: dict[str, str]
    labels: dict[str, str]
    is_paused: bool


class Group(Part):
    """Rules that are evaluated together."""

    org_id: OrgId
    name: Text
    folder: Text
    interval: Duration
    rules: list[Rule]


class RuleFile(File):
    """The file."""

    groups: list[Group]

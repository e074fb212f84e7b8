"""Variables of a dashboard."""

import re
from collections.abc import Iterable, Sequence

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.models.dashboard import (
    Panel,
    RowPanel,
    VariableHide,
    VariableModel,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from grafana.influxql import Store
from grafana.keys import Ranking, values_query
from grafana.subject import Subject
from grafana.targets import InfluxQuery, data_source

EVERYTHING = ".*"
"""What a variable without a choice stands for."""
_NAMED = re.compile(r"\$\{(\w+):\w+\}", re.ASCII)
_ALL = VariableOption(selected=True, text=["All"], value=["$__all"])


def of_pipeline(subject: Subject) -> list[builders.QueryVariable]:
    """The keys that can be chosen, and those that are drawn."""
    return [*key_variables(subject), *drawn_variables(subject)]


def used(
    offered: Sequence[VariableModel], panels: Iterable[Panel | RowPanel]
) -> list[VariableModel]:
    """The variables that a query names: of a panel, or of another such variable.

    What is chosen in another would change nothing.
    """
    targets = (
        target for panel in panels if isinstance(panel, Panel) for target in panel.targets or ()
    )
    wanted = [target.query for target in targets if isinstance(target, InfluxQuery)]
    found: set[str] = set()
    while wanted:
        named = set(_NAMED.findall(wanted.pop())) - found
        found |= named
        wanted += [str(each.query) for each in offered if each.name in named]
    return [each for each in offered if each.name in found]


def key_variables(subject: Subject) -> list[builders.QueryVariable]:
    """A variable for each key column: one value, several, or all."""
    return [
        _query(variable, values_query(subject.store, key, subject.measurements_with(key)))
        .label(key)
        .all_value(EVERYTHING)
        .refresh(VariableRefresh.ON_DASHBOARD_LOAD)
        .sort(VariableSort.NATURAL_ASC)
        for key, variable in subject.variables.items()
    ]


def drawn_variables(subject: Subject) -> list[builders.QueryVariable]:
    """A hidden variable for each key column of each window: the values that charts draw."""
    rankings = (subject.ranking(window) for window in subject.pipeline.windows)
    return [_drawn(ranking, key) for ranking in rankings if ranking for key in ranking.keys]


def pipeline_variable(name: str, stores: list[Store]) -> builders.CustomVariable:
    """A choice of one pipeline; its value is the bucket."""
    options = [
        VariableOption(selected=store is stores[0], text=store.pipeline, value=_bucket(store))
        for store in stores
    ]
    values = ", ".join(f"{store.pipeline} : {_comma(_bucket(store))}" for store in stores)
    made = builders.CustomVariable(name).label("Pipeline").values(values).options(options)
    return made.current(options[0]).multi(False).include_all(False).allow_custom_value(False)


def _drawn(ranking: Ranking, key: str) -> builders.QueryVariable:
    made = _query(ranking.variable(key), ranking.query(key)).hide(VariableHide.HIDE_VARIABLE)
    return made.refresh(VariableRefresh.ON_TIME_RANGE_CHANGED).sort(VariableSort.DISABLED)


def _query(name: str, query: str) -> builders.QueryVariable:
    made = builders.QueryVariable(name).datasource(data_source())
    made.query({"query": query, "refId": name})
    return made.multi(True).include_all(True).current(_ALL)


def _bucket(store: Store) -> str:
    """As it stands between quotation marks."""
    return store.bucket.replace("\\", r"\\")


def _comma(text: str) -> str:
    return text.replace(",", r"\,")

"""Links that choose the keys of a row in a dashboard."""

from collections.abc import Iterable, Sequence

from grafana_foundation_sdk.builders import dashboard as builders

TITLE = "Only this"
_FORM = "percentencode"
"""By itself Grafana leaves `& # + =` of a value as they are, and they would end or change it."""


def row_url(dashboard: str, variables: Sequence[tuple[int, str]]) -> str:
    """Address of the dashboard with the keys of the row that was clicked.

    Args:
        dashboard: uid of the dashboard.
        variables: place of each key column in the query's result, and its variable. A place, for
            not every name of a column can stand in an address.
    """
    values = ((f"__data.fields[{place}]", variable) for place, variable in variables)
    return _url(dashboard, values)


def cell_url(dashboard: str, variable: str) -> str:
    """Address of the dashboard with the key that was clicked."""
    return _url(dashboard, [("__value.raw", variable)])


def row_link(dashboard: str, variables: Sequence[tuple[int, str]]) -> builders.DashboardLink:
    """The link to `row_url`."""
    return builders.DashboardLink(TITLE).url(row_url(dashboard, variables))


def _url(dashboard: str, values: Iterable[tuple[str, str]]) -> str:
    keys = "".join(f"&var-{variable}=${{{value}:{_FORM}}}" for value, variable in values)
    return f"/d/{dashboard}?${{__url_time_range}}{keys}"

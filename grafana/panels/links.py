"""Links that choose the keys of a row in a dashboard."""

from collections.abc import Sequence

from grafana_foundation_sdk.builders import dashboard as builders


def key_url(dashboard: str, variables: Sequence[tuple[str, str]]) -> str:
    """Address of the dashboard with the keys of the row that was clicked.

    Args:
        dashboard: uid of the dashboard.
        variables: each key column with its variable.
    """
    keys = "".join(f'&var-{variable}=${{__data.fields["{key}"]}}' for key, variable in variables)
    return f"/d/{dashboard}?${{__url_time_range}}{keys}"


def key_links(dashboard: str, variables: Sequence[tuple[str, str]]) -> builders.DashboardLink:
    """The link."""
    return builders.DashboardLink("Only this").url(key_url(dashboard, variables))

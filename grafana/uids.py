"""Uids: how Grafana knows things again, so they never change while a name stays."""

import hashlib
import re

LONGEST = 40
DATA_SOURCE = "influxdb"
EXPRESSIONS = "__expr__"
"""The data source of reduce and threshold in rules."""
_ALLOWED = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_HASHED = 8


def uid(*parts: str) -> str:
    """Parts joined by hyphens; one that is too long or has other characters ends in a hash."""
    whole = "-".join(parts)
    if len(whole) <= LONGEST and _ALLOWED.fullmatch(whole):
        return whole
    digest = hashlib.sha256(whole.encode()).hexdigest()[:_HASHED]
    kept = re.sub(r"[^A-Za-z0-9_-]", "_", whole, flags=re.ASCII)[: LONGEST - _HASHED - 1]
    return f"{kept}-{digest}"


def dashboard_uid(pipeline: str) -> str:
    """Uid of the dashboard of a pipeline."""
    return uid("tg", pipeline)


def forecast_uid(pipeline: str) -> str:
    """Uid of the dashboard of a pipeline's forecasts."""
    return uid("tg", pipeline, "forecasts")


FLOW_DASHBOARD = "tidegauge-flow"

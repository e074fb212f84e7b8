"""When they are told: by level."""

from grafana.alerting.contact_points import NAME
from grafana.alerting.levels import CRITICAL, CRITICAL_ABOVE, OTHER, Pace
from grafana.durations import duration
from grafana.formats.policies import Policy, PolicyFile, Route

GROUP_BY = ["grafana_folder", "alertname"]
"""One notification an alert, with all its series: a thousand keys are not a thousand mails."""
_LEVELS = f"[{CRITICAL_ABOVE + 1}-9]|[1-9][0-9]+"
"""Matches the levels that are critical; an event's own may be above 10."""


def policy_file() -> PolicyFile:
    """Critical levels at once, the others when there is time."""
    critical = Route(
        receiver=NAME,
        object_matchers=[("level", "=~", _LEVELS)],
        group_by=GROUP_BY,
        **_waits(CRITICAL),
    )
    policy = Policy(org_id=1, receiver=NAME, group_by=GROUP_BY, **_waits(OTHER), routes=[critical])
    return PolicyFile(policies=[policy])


def _waits(pace: Pace) -> dict[str, str]:
    return {
        "group_wait": duration(pace.group_wait_ns),
        "group_interval": duration(pace.group_interval_ns),
        "repeat_interval": duration(pace.repeat_ns),
    }

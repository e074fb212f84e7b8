"""`alerting/*.yaml` with the notification policy: one tree an organisation, replaced as a whole."""

from typing import Literal

from pydantic import Field

from grafana.formats.base import Duration, File, OrgId, SnakePart, Text

Matcher = tuple[Text, Literal["=", "!=", "=~", "!~"], Text]


class Route(SnakePart):
    """Who is told of the alerts that match, and when."""

    receiver: Text
    object_matchers: list[Matcher]
    group_by: list[Text]
    group_wait: Duration
    group_interval: Duration
    repeat_interval: Duration


class Policy(SnakePart):
    """Who is told of all others."""

    org_id: OrgId = Field(alias="orgId")
    receiver: Text
    group_by: list[Text]
    group_wait: Duration
    group_interval: Duration
    repeat_interval: Duration
    routes: list[Route]


class PolicyFile(File):
    """The file."""

    policies: list[Policy]

"""`alerting/*.yaml` with contact points. Their settings are interpolated from the environment."""

from typing import Literal

from grafana.formats.base import File, OrgId, Part, Text, Uid


class EmailSettings(Part):
    """Mail; several addresses with semicolons between."""

    addresses: Text
    single_email: bool


class WebhookSettings(Part):
    """A request for each notification."""

    url: Text
    http_method: Literal["POST", "PUT"]


class Email(Part):
    """Tells by mail."""

    uid: Uid
    type: Literal["email"]
    settings: EmailSettings
    disable_resolve_message: bool


class Webhook(Part):
    """Tells by a request."""

    uid: Uid
    type: Literal["webhook"]
    settings: WebhookSettings
    disable_resolve_message: bool


class ContactPoint(Part):
    """Several ways of telling, under one name."""

    org_id: OrgId
    name: Text
    receivers: list[Email | Webhook]


class ContactPointFile(File):
    """The file."""

    contact_points: list[ContactPoint]

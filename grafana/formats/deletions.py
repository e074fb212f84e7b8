"""`alerting/*.yaml` with what Grafana has to delete, and does not mind to find deleted."""

from grafana.formats.base import File, OrgId, Part, Uid


class Deletion(Part):
    """A rule or a way of telling."""

    uid: Uid
    org_id: OrgId


class DeletionFile(File):
    """The file."""

    delete_rules: list[Deletion] | None = None
    delete_contact_points: list[Deletion] | None = None

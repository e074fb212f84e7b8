"""`dashboards/*.yaml`: where the dashboards' files are. They themselves are not interpolated."""

from typing import Literal

from grafana.formats.base import File, OrgId, Part, Text


class ProviderOptions(Part):
    """Where, and into which folders."""

    path: Text
    folders_from_files_structure: bool


class Provider(Part):
    """A folder of dashboards."""

    name: Text
    org_id: OrgId
    type: Literal["file"]
    disable_deletion: bool
    allow_ui_updates: bool
    update_interval_seconds: int
    options: ProviderOptions


class ProviderFile(File):
    """The file."""

    providers: list[Provider]

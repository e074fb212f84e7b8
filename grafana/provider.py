"""Where Grafana finds the dashboards: a folder a pipeline, and one for the flows."""

from grafana.formats.providers import Provider, ProviderFile, ProviderOptions

PATH = "/etc/grafana/provisioning/dashboards"
"""Where `provisioning/dashboards` is in Grafana's container."""
FLOW_FOLDER = "Tidegauge"
"""Folder of what is about all pipelines; no pipeline's name has capital letters."""
UPDATE_S = 10


def provider_file() -> ProviderFile:
    """The provider: folders are named as those the files are in."""
    options = ProviderOptions(path=PATH, folders_from_files_structure=True)
    made = Provider(
        name="tidegauge",
        org_id=1,
        type="file",
        disable_deletion=False,
        allow_ui_updates=False,
        update_interval_seconds=UPDATE_S,
        options=options,
    )
    return ProviderFile(providers=[made])

"""All files of `provisioning/`, from pipelines."""

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from grafana_foundation_sdk.models.dashboard import Dashboard

from grafana.alerting.contact_points import contact_point_file
from grafana.alerting.deletions import deletion_file, provisioned
from grafana.alerting.policies import policy_file
from grafana.alerting.rules import rule_file
from grafana.classic import classic
from grafana.dashboards import TAG, flow_dashboard, forecast_dashboard, pipeline_dashboard
from grafana.data_source import data_source_file
from grafana.formats.base import File
from grafana.provider import FLOW_FOLDER, provider_file
from grafana.subject import Subject
from grafana.yaml_text import yaml_text

NO_FILES: Mapping[str, str] = MappingProxyType({})
HEADING = "Rendered by 'tidegauge render' from the pipeline files: change those, not this."
"""First line of every YAML file, by which it is known again."""
ALERTING = "alerting/"
RULES = ALERTING + "rules-{}.yaml"
DELETIONS = ALERTING + "deletions.yaml"
"""Before the rules in the order of names, for Grafana reads files in it."""


def render(
    subjects: Sequence[Subject], *, webhook: bool = False, before: Mapping[str, str] = NO_FILES
) -> dict[str, str]:
    """Path and text of every file; the same for the same pipelines, in whatever order.

    Args:
        subjects: at least one, with different names.
        webhook: also tell by a request to the address in Grafana's environment.
        before: path and text of the files that are rendered over. What they name and is no more
            is deleted in Grafana.
    """
    subjects = sorted(subjects, key=lambda subject: subject.pipeline.pipeline)
    flow = flow_dashboard(subjects)
    files = {
        "datasources/influxdb.yaml": _yaml(data_source_file(subjects)),
        "dashboards/tidegauge.yaml": _yaml(provider_file()),
        f"dashboards/{FLOW_FOLDER}/flow.json": _json(flow.model),
        "alerting/contact-points.yaml": _yaml(contact_point_file(webhook=webhook)),
        "alerting/policies.yaml": _yaml(policy_file()),
    }
    for subject in subjects:
        name = subject.pipeline.pipeline
        board = pipeline_dashboard(subject)
        files[f"dashboards/{name}/{name}.json"] = _json(board.model)
        ahead = forecast_dashboard(subject)
        if ahead is not None:
            files[f"dashboards/{name}/{name}-forecasts.json"] = _json(ahead.model)
        files[RULES.format(name)] = _yaml(rule_file(subject, board.panels, flow.panels))
    former = (text for path, text in before.items() if path.startswith(ALERTING))
    gone = deletion_file(provisioned(text for text in former if _is_ours(text)), files)
    if gone is not None:
        files[DELETIONS] = _yaml(gone)
    return dict(sorted(files.items()))


def is_ours(path: str, text: str) -> bool:
    """Whether a file was rendered, perhaps from other pipelines."""
    if not path.endswith(".json"):
        return _is_ours(text)
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        return False
    return isinstance(found, dict) and TAG in found.get("tags", [])


def _is_ours(yaml: str) -> bool:
    return yaml.startswith(f"# {HEADING}\n")


def _yaml(file: File) -> str:
    return yaml_text(file.plain(), HEADING)


def _json(model: Dashboard) -> str:
    return json.dumps(classic(model), indent=2, ensure_ascii=False, sort_keys=True) + "\n"

"""A dashboard as plain values, in the form that the pinned Grafana knows.

The SDK is made for several versions and has defaults of its own: it writes a table's footer where
it is no more, settings of interval variables into all, links of data with the keys of links of
dashboards, and a place for links in which nobody sees them. What nobody asked for is left out, so
that a file means what a new panel in Grafana's pages does.
"""

import json
from typing import Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

_INTERVAL = ("auto", "auto_min", "auto_count")
_LINK = ("title", "url")
_HIDING = "placement"
"""With it a link of a dashboard is an entry of a menu; without, it stands beside the variables."""


def classic(model: Dashboard) -> dict[str, Any]:
    """Mappings, lists and scalars of a dashboard."""
    plain: dict[str, Any] = json.loads(json.dumps(model, cls=JSONEncoder))
    for variable in plain["templating"]["list"]:
        for key in _INTERVAL:
            variable.pop(key, None)
    for link in plain["links"]:
        link.pop(_HIDING, None)
    for panel in plain["panels"]:
        if panel["type"] == "table":
            panel["options"].pop("footer", None)
        if "repeat" not in panel:
            panel.pop("repeatDirection", None)
        defaults = panel.get("fieldConfig", {}).get("defaults", {})
        if "links" in defaults:
            defaults["links"] = [{key: link[key] for key in _LINK} for link in defaults["links"]]
    return plain

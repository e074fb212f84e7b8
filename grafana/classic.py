"""A dashboard as plain values, in the form that the pinned Grafana knows.

The SDK is made for several versions: it writes a table's footer where it is no more, settings of
interval variables into all, and links of data with the keys of links of dashboards. Grafana would
drop these without a word; the files shall hold nothing that means nothing.
"""

import json
from typing import Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

_INTERVAL = ("auto", "auto_min", "auto_count")
_LINK = ("title", "url")


def classic(model: Dashboard) -> dict[str, Any]:
    """Mappings, lists and scalars of a dashboard."""
    plain: dict[str, Any] = json.loads(json.dumps(model, cls=JSONEncoder))
    for variable in plain["templating"]["list"]:
        for key in _INTERVAL:
            variable.pop(key, None)
    for panel in plain["panels"]:
        if panel["type"] == "table":
            panel["options"].pop("footer", None)
        defaults = panel.get("fieldConfig", {}).get("defaults", {})
        if "links" in defaults:
            defaults["links"] = [{key: link[key] for key in _LINK} for link in defaults["links"]]
    return plain

"""The sentence that says what happened."""

from collections.abc import Mapping
from string import Formatter
from typing import Any

from operators.alerts.plan import AlertPlan
from tidegauge.records import NO_KEY, key_text
from tidegauge.texts import LINE_WIDTH, cut


class Summary:
    """Fills in the template of an alert: key columns, `value`, `alert` and `level` in brackets.

    Of an alert about events, any of their fields; a name of ours goes before a field's.

    Values longer than a line are cut: a summary is for people, and the record has the keys.

    Without a template it names the condition, the keys and the value.

    Args:
        plan: the alert.
    """

    def __init__(self, plan: AlertPlan) -> None:
        self._parts = list(Formatter().parse(plan.alert.summary or _default(plan)))
        self._fixed = {"alert": plan.name, "level": str(plan.alert.level)}

    def __call__(self, keys: Mapping[str, Any], value: float | None) -> str:
        """The text for one series and value."""
        known = {key: cut(key_text(part), LINE_WIDTH) for key, part in keys.items()}
        known |= self._fixed | {"value": "no value" if value is None else f"{value:.6g}"}
        return "".join(
            text + ("" if name is None else known.get(name, NO_KEY))
            for text, name, _, _ in self._parts
        )


def _default(plan: AlertPlan) -> str:
    condition = plan.alert.when.replace("{", "{{").replace("}", "}}")
    keys = ", ".join(f"{key} {{{key}}}" for key in plan.by)
    return f"{{alert}}: {condition}{keys and ' for ' + keys} ({{value}})"

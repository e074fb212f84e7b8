"""What a notification says: texts for Grafana, which fills in labels and values as Go templates."""

import re
from string import Formatter

from tidegauge.spec.models import Alert

NO_VALUE = "no value"
"""What the flow writes in place of a value that is null, too."""
VALUE = (
    f'{{{{ $told := "{NO_VALUE}" }}}}'
    "{{ range $ref, $found := $values }}"
    '{{ if and (eq $ref "E") (eq $found.Value $found.Value) }}'
    '{{ $told = printf "%.6g" $found.Value }}'
    "{{ end }}{{ end }}{{ $told }}"
)
"""The value of the record that fires, as the flow writes it; expression E of the rule.

To a template what is not there is 0, so E is looked for; only a number equals itself.
"""

_SPECIAL = re.compile(r"\{\{|\{(?=\$|\Z)|\$")
"""What is or begins an action of a template, also a bracket before one that follows the text."""
_FIELD = "…"
"""For a field of the event, which only the summary in the record knows: labels and numbers are all
that a rule has."""


def annotations(name: str, alert: Alert, keys: list[str], *, has_value: bool) -> dict[str, str]:
    """Summary, description and address of the runbook; those that are not given are left out.

    Args:
        name: name of the alert.
        alert: what the pipeline file says of it.
        keys: key columns of its series.
        has_value: whether the rule has a value.
    """
    told = {
        "summary": _summary(name, alert, keys, has_value=has_value),
        "description": literal(alert.description or f"{name}: {alert.when}"),
        "runbook_url": literal(alert.runbook),
    }
    return {key: text for key, text in told.items() if text}


def literal(text: str) -> str:
    """A text that means nothing to a template, nor (its `${…}`) to Grafana's environment."""
    return _SPECIAL.sub(lambda found: f'{{{{ "{found[0]}" }}}}', text)


def label(name: str) -> str:
    """The value of a label."""
    return f'{{{{ index $labels "{name}" }}}}'


def _summary(name: str, alert: Alert, keys: list[str], *, has_value: bool) -> str:
    known = {key: label(key) for key in keys}
    known |= {"alert": name, "level": str(alert.level)}
    known["value"] = VALUE if has_value else NO_VALUE
    if not alert.summary:
        which = " ".join(known[key] for key in keys)
        return f"{name} {which}".strip()
    told, text = "", ""
    # Brackets that are doubled end a part, so those beside each other are one text only together.
    for part, key, _, _ in Formatter().parse(alert.summary):
        text += part
        if key is not None:
            told += literal(text) + known.get(key, _FIELD)
            text = ""
    return told + literal(text)

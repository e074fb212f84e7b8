"""The text of a notification: an annotation, with labels and values put in as Grafana does.

Of Go's templates only what the annotations of rules are written with is known; anything else is an
error, for Grafana would show what it makes of it. A value that is not there is 0 to a template.
"""

import math
import re
from collections.abc import Mapping

from grafana.alerting.annotations import NO_VALUE, VALUE

_ACTION = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_LABEL = re.compile(r'index \$labels "([^"]+)"')
_TEXT = re.compile(r'"([^"]*)"')
_MARK = "\0"


def expanded(template: str, labels: Mapping[str, str], values: Mapping[str, float]) -> str:
    """What a person reads.

    Args:
        template: the annotation.
        labels: of the alert.
        values: numbers of the rule's expressions, by letter, as far as there are any.
    """
    number = values.get("E", math.nan)
    told = NO_VALUE if math.isnan(number) else f"{number:.6g}"

    def filled(found: re.Match[str]) -> str:
        # An action begins with the first two brackets: of three the last one would be in it.
        action = found[1].removeprefix(" ").removesuffix(" ")
        if action == _MARK:
            return told
        if label := _LABEL.fullmatch(action):
            return labels.get(label[1], "")
        text = _TEXT.fullmatch(action)
        assert text, f"not known: {found[0]}"
        return text[1]

    return _ACTION.sub(filled, template.replace(VALUE, f"{{{{ {_MARK} }}}}"))

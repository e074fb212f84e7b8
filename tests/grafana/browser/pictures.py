"""What dashboards show, panel by panel."""

from collections.abc import Iterator
from typing import Any

from tests.grafana.asking import Asking
from tests.grafana.browser.display import Display, Picture
from tests.grafana.rendering import panels
from tests.grafana.written import Written


def pictures(shows: Display, dashboard: Asking, *kinds: str) -> Iterator[tuple[Any, Picture]]:
    """The panels of some kinds, and what they show."""
    chosen = [panel for panel in panels(dashboard.board) if panel["type"] in kinds]
    answered = [(panel, list(dashboard.answers(panel))) for panel in chosen]
    yield from zip(chosen, shows.show_all(answered), strict=True)


def boards(one: Written) -> list[Asking]:
    """The dashboard of the pipeline, and that of the flows."""
    return [one.asking(), one.asking("flow")]

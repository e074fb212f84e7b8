"""Windows of every kind, declared in Python."""

from typing import Any

import pytest

from operators.windows.plan import declare_window
from operators.windows.shapes import Counted, Cumulative, Session, Shape
from tests.operators.windows.harness import SECOND, make_source
from tidegauge.errors import UserMistake

SOURCE = make_source(bound=0, lateness=0)
SELECT = {"n": "count(*)"}


@pytest.mark.parametrize(
    ("declared", "shape"),
    [
        ({"session": {"gap": "5s"}}, Session(5 * SECOND)),
        ({"count": {"size": 10}}, Counted(10, 10)),
        ({"count": {"size": 10, "every": 4}}, Counted(10, 4)),
        ({"cumulative": {}}, Cumulative(86_400 * SECOND, 60 * SECOND, "Europe/Berlin")),
    ],
)
def test_a_declaration_has_a_shape(declared: dict[str, Any], shape: Shape) -> None:
    plan = declare_window("w", {"select": SELECT, **declared}, SOURCE, "Europe/Berlin")
    assert plan.shape == shape


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({}, "window 'w': the window has no kind; allowed: one of tumbling"),
        ({"session": {"gap": "0s"}}, "session: gap: 0s is too short; allowed: 1ms or more"),
        ({"count": {"size": 3, "every": 5}}, "count: every: 5 is not allowed; allowed: 1 to"),
        ({"cumulative": {"every": "7h"}}, "cumulative: every: 7h is not allowed; allowed: a dur"),
    ],
)
def test_what_is_not_allowed_in_a_file_is_not_allowed_here(
    declared: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserMistake, match=message):
        declare_window("w", {"select": SELECT, **declared}, SOURCE)

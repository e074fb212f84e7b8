"""No name in a pipeline file meets a name of the product's: it is refused, or nothing changes."""

import json
import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from tests.names import hook
from tests.names.flow import held, run, write_everywhere
from tests.names.own import names_of_ours, names_of_records, names_of_windows
from tests.names.places import PLACES, Fill, Filled, as_judged_key, as_window_key
from tidegauge.records import KEYS
from tidegauge.spec.checks import check
from tidegauge.spec.mistakes import Problem, dotted
from tidegauge.spec.models import Pipeline
from tidegauge.spec.salvage import Salvage

_NAME = re.compile(r"[\w.*()-]{1,60}")
_FIXED = re.compile("zz_", re.IGNORECASE)
AT_ONCE = 20
_APART = {"time_ns", "id", "summary", "anomaly", "alert", "forecast", KEYS}


def problems_of(filled: Filled, folder: Path) -> tuple[Pipeline | None, list[Problem]]:
    """As `check` finds them."""
    salvage = Salvage(deepcopy(filled.file))
    pipeline, problems = salvage.validate([])
    if pipeline is not None:
        problems += check(pipeline, folder, salvage.broken)
    return pipeline, problems


def loaded(filled: Filled, folder: Path) -> Pipeline:
    pipeline, problems = problems_of(filled, folder)
    assert pipeline is not None
    assert not problems
    return pipeline


@pytest.fixture(scope="module")
def ours() -> list[str]:
    names = set(names_of_ours())
    for fill in (as_window_key, as_judged_key):
        filled = fill([])
        pipeline = loaded(filled, Path())
        names |= names_of_windows(pipeline) | names_of_records(pipeline, held(filled.events()))
    names |= {"rowid", "oid", "sqlite_x"}
    # Sentences and the like are no names that anybody gives.
    return sorted(name for name in names if _NAME.fullmatch(name) and not _FIXED.match(name))


def refused(filled: Filled, folder: Path) -> set[str]:
    """Names that `check` refuses, each by name."""
    names = set()
    for problem in problems_of(filled, folder)[1]:
        about = [path for path in filled.owners if problem.path[: len(path)] == path]
        assert about, problem
        name = filled.owners[max(about, key=len)]
        assert name in f"{dotted(problem.path)}: {problem.message}"
        names.add(name)
    return names


def common(rows: list[dict[str, Any]], renamed: dict[str, str]) -> list[dict[str, Any]]:
    """Rows with a name put in the place of another, without what tells of names."""
    return sorted(
        (
            {renamed.get(k, k): v for k, v in row.items() if k not in _APART or k in renamed}
            for row in rows
        ),
        key=repr,
    )


@pytest.mark.parametrize("place", PLACES)
def test_a_name_is_refused_by_name_or_the_flow_is_as_with_any_other(
    place: str, ours: list[str], tmp_path: Path
) -> None:
    names, free = PLACES[place], free_names(PLACES[place], ours, tmp_path)
    assert free, "a name that nothing of ours has in this place"
    for start in range(0, len(free), AT_ONCE):
        some = free[start : start + AT_ONCE]
        folder = tmp_path / str(start)
        folder.mkdir()
        is_as_with_any_other(names(some), some, folder)


def free_names(fill: Fill, names: list[str], folder: Path) -> list[str]:
    """Those that are not refused; one mistake can hide another, so it is looked again."""
    for _ in range(9):
        wrong = refused(fill(names), folder)
        if not wrong:
            return names
        names = [name for name in names if name not in wrong]
    raise AssertionError(names)


def is_as_with_any_other(filled: Filled, names: list[str], folder: Path) -> None:
    rows = [{"zz_id": key} | dict.fromkeys(names, key) for key in "ab"]
    (folder / "t.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    hook.ADDED[:] = names
    pipeline = loaded(filled, folder)
    made = run(pipeline, held(filled.events()), folder, batch=8)
    hub = write_everywhere(pipeline, made, folder / "s.db")
    alike: dict[str, list[dict[str, Any]]] = {}
    for signal, renamed in filled.signals.items():
        found = common(made.rows(signal), renamed)
        assert found, signal
        assert found == alike.setdefault(renamed["of"], found), renamed
    told: dict[str, list[dict[str, Any]]] = {}
    for row in made.rows("alerts"):
        told.setdefault(row["alert"], []).append({k: v for k, v in row.items() if v is not None})
    for alert, renamed in filled.alerts.items():
        found = common(told.get(alert, []), renamed)
        assert found, alert
        assert found == alike.setdefault(f"alert {renamed['of']}", found), renamed
    assert [row["level"] for row in told["event_level"]] == [9] * len(pipeline.sources)
    assert not hub.trouble

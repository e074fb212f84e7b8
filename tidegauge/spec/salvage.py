"""The sound rest of a file with mistakes, so that what crosses its keys is checked all the same."""

from copy import deepcopy
from typing import Any

from pydantic import ValidationError

from tidegauge.spec.mistakes import Path, Problem
from tidegauge.spec.models import Pipeline
from tidegauge.spec.shape import Refusal, allowed_keys, refusals

_ROUNDS = 50
LEAVES = ("fields", "derive", "select", "measures")
"""What is declared in these goes as a whole: half of it would make others look wrong."""
_STAND_INS: dict[str, Any] = {
    "version": 1,
    "pipeline": "unnamed",
    "sources": {},
    "kafka": {"topic": "unknown"},
    "topic": "unknown",
    "event_time": {"field": "unknown"},
    "field": "unknown",
    "key": "unknown",
    "fields": {},
    "select": {},
    "match": "unknown",
    "events": "unknown",
    "expect": {},
}
"""For what is required, so that the things around it can be looked at."""


class Salvage:
    """Takes away or puts right what is wrong until the models accept the rest.

    `broken` are the paths of what went: nobody who names something of it is wrong for that.
    `renamed` maps the path of a key that was probably meant to the path in the file.
    """

    def __init__(self, value: dict[str, Any]) -> None:
        self._value = value
        self.broken: set[Path] = set()
        self.renamed: dict[Path, Path] = {}

    def validate(self, problems: list[Problem]) -> tuple[Pipeline | None, list[Problem]]:
        """The models of what is sound, and all that they refused.

        Args:
            problems: values known to be wrong already; they are taken away first.
        """
        for problem in problems:
            self._remove(problem.path)
        refused: dict[Path, Problem] = {}
        for _ in range(_ROUNDS):
            try:
                return Pipeline.model_validate(self._value), list(refused.values())
            except ValidationError as error:
                found = refusals(error)
            known = {*refused, *self.broken}
            for refusal in found:
                path = refusal.problem.path
                if not any(path[: len(other)] == other for other in known):
                    refused[path] = refusal.problem
            for refusal in found:
                self._put_right(refusal)
        return None, list(refused.values())

    def _put_right(self, refusal: Refusal) -> None:
        path = refusal.problem.path
        holder = self._at(path[:-1])
        if not refusal.unknown_key:
            self._remove(path)
        elif isinstance(holder, dict):
            value = holder.pop(path[-1], None)
            if refusal.meant and refusal.meant not in holder:
                holder[refusal.meant] = value
                self.renamed[(*path[:-1], refusal.meant)] = path

    def _remove(self, path: Path) -> None:
        """Drop what is at `path`, or put something harmless there; else drop what holds it."""
        path = _whole(path)
        if not path:
            return
        holder, key = self._at(path[:-1]), path[-1]
        if isinstance(holder, list) and isinstance(key, int) and key < len(holder):
            test: Any = {"events": "unknown", "expect": {}}
            holder[key] = test if path[-2] == "tests" else "unknown"
        elif isinstance(holder, dict) and _has_stand_in(path) and key in allowed_keys(path[:-1]):
            if path in self.broken:
                self._remove(path[:-1])
            else:
                holder[key] = deepcopy(_STAND_INS.get(key, "unknown"))
        elif isinstance(holder, dict) and key in holder:
            del holder[key]
        else:
            self._remove(path[:-1])
        self.broken.add(path)

    def _at(self, path: Path) -> Any:
        value: Any = self._value
        for part in path:
            try:
                value = value[part]
            except (KeyError, IndexError, TypeError):
                return None
        return value


def _has_stand_in(path: Path) -> bool:
    """Whether something can stand for a value; an anomaly's `on` says all that it is about."""
    return path[-1] in _STAND_INS or (path[-1] == "on" and path[2:3] == ("enrich",))


def _whole(path: Path) -> Path:
    """The declaration that a path is in, for those that only make sense whole."""
    return path[:4] if len(path) > 4 and path[2] in LEAVES else path

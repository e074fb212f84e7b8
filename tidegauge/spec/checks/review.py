"""What the checks share: the file, the columns that are sound, and the problems found."""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path as FilePath
from typing import TypeVar

from tidegauge.expressions.compiled import Columns, ExpressionError, UntypedColumnError
from tidegauge.expressions.names import UnknownName, nearest
from tidegauge.fieldtypes import FieldType
from tidegauge.spec.mistakes import Path, Problem
from tidegauge.spec.models import Pipeline
from tidegauge.spec.salvage import LEAVES

T = TypeVar("T")

_COLUMNS = ("column", "field")
_ADDED = (
    "what a function adds is declared in process: {function: module:function, adds: {NAME: TYPE}}"
)


class Review:
    """One look through a pipeline file.

    `tables` are the columns of each table, `events` those of each source's events and `metrics` the
    fields of each window and the measures of each pattern; the type of one that is not declared
    soundly is None. `broken` are the paths of what was taken out of the pipeline because it is
    wrong; what is found to be wrong about keys is added.
    """

    def __init__(self, pipeline: Pipeline, folder: FilePath, broken: Collection[Path]) -> None:
        self.pipeline = pipeline
        self.folder = folder
        self.broken = set(broken)
        self._names = {str(path[-1]) for path in broken if _is_declaration(path)}
        self._columns_lost = any(map(_loses_columns, broken))
        self.problems: list[Problem] = []
        self.tables: dict[str, dict[str, FieldType | None]] = {}
        self.events: dict[str, dict[str, FieldType | None]] = {}
        self.metrics: dict[str, dict[str, FieldType | None]] = {}

    def events_of(self, sources: Sequence[str]) -> dict[str, FieldType | None]:
        """Columns of the events of a window over sources: those that all of them have alike.

        Of a source that does not exist nothing is known.
        """
        first, *others = [self.events.get(self.meant(name) or "", {}) for name in sources]
        shared: dict[str, FieldType | None] = {}
        for column, kind in first.items():
            kinds = {kind, *(other[column] for other in others if column in other)}
            if all(column in other for other in others) and len(kinds - {None}) <= 1:
                shared[column] = None if None in kinds else kind
        return shared

    def meant(self, source: str) -> str | None:
        """The source of this name, or else the one most like it; None where nothing is like it.

        So what is wrong beside a misspelt name is found, too.
        """
        sources = self.pipeline.sources
        return source if source in sources else nearest(source, sources)

    def say(self, path: Path, message: str, *, unless: Path | None = None) -> None:
        """Note a problem."""
        self.problems.append(Problem(path, message, unless=unless))

    def known(self, path: Path, what: str, name: str, allowed: Collection[str]) -> bool:
        """Whether a name is one of those allowed; a problem if not."""
        if name in allowed:
            return True
        self._note(path, UnknownName(what, name, allowed))
        return False

    def attempt(self, path: Path, compile_: Callable[[], T]) -> T | None:
        """What `compile_` makes; None and a problem when the expression is wrong."""
        try:
            return compile_()
        except UntypedColumnError:
            return None
        except ExpressionError as error:
            self._note(path, error)
            return None

    def _note(self, path: Path, error: ExpressionError) -> None:
        if isinstance(error, UnknownName) and self._may_exist(error):
            return
        message = str(error)
        if isinstance(error, UnknownName) and error.what == "column" and self._has_functions():
            message += f"; {_ADDED}"
        self.problems.append(Problem(path, message))

    def _has_functions(self) -> bool:
        return any(source.process for source in self.pipeline.sources.values())

    def _may_exist(self, name: UnknownName) -> bool:
        return name.name in self._names or (self._columns_lost and name.what in _COLUMNS)

    def untyped(self, path: Path) -> dict[str, FieldType | None]:
        """Names declared below `path` whose declarations were taken out."""
        return {str(found[-1]): None for found in self.broken if found[:-1] == path}

    def keys(self, owner: Path, keys: list[str], columns: Columns) -> list[str]:
        """Key columns that are declared, or every column where their declaration is wrong."""
        by = (*owner, "by")
        return list(columns) if any(path[: len(by)] == by for path in self.broken) else keys


def _loses_columns(path: Path) -> bool:
    """Whether columns from a table went, and nobody knows their names."""
    return path[2:3] == ("enrich",) and path[4:] in ((), ("fields",))


def _is_declaration(path: Path) -> bool:
    return len(path) == 2 or (len(path) == 4 and path[2] in LEAVES)

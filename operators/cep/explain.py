"""A pattern over some events, run by run: who lived, what moved them, why they died."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from operators.cep.batch import Key
from operators.cep.failing import Failing, FailingParts
from operators.cep.limits import Limits
from operators.cep.matcher import Matcher
from operators.cep.moments import Change, Moment, RunId
from operators.cep.reasons import Cause, Obstacle, Obstacles
from operators.cep.results import Result
from operators.cep.runs import Runs
from operators.cep.trace import TracedRuns
from tidegauge.batch import END_OF_TIME
from tidegauge.expressions.compiled import Columns
from tidegauge.patterns.pattern import Pattern


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A run that lives when the events are over: what it took, what it waits for."""

    run: RunId
    taken: tuple[tuple[str, int], ...]
    awaits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Story:
    """What happened in one key, in order, and the runs that nothing ended."""

    moments: list[Moment]
    unfinished: list[Unfinished]


@dataclass(frozen=True, slots=True)
class Explained:
    """What a pattern did with some events.

    Attributes:
        stories: by key, in the order of the keys' first moments; keys without any are left out.
        results: what the matcher told, timed-out runs among it.
        rows: the events by number.
    """

    stories: dict[Key, Story]
    results: list[Result]
    rows: list[dict[str, Any]]
    parts: FailingParts

    def failing(self, change: Change, obstacle: Obstacle, event: int) -> Failing | None:
        """Which part of a condition did not hold, if that is why."""
        if obstacle.cause not in (Cause.CONDITION, Cause.CONTIGUITY):
            return None
        return self.parts.find(obstacle.condition, event, self.rows[event], change.before)


class TracedMatcher(Matcher):
    """A matcher of one pattern that remembers what happened to every run.

    Attributes:
        moments: what happened, by key.
    """

    def __init__(
        self,
        pattern: Pattern,
        columns: Columns,
        *,
        by: Sequence[str] = (),
        carry: Sequence[str] = (),
        limits: Limits | None = None,
        in_order: bool = True,
    ) -> None:
        super().__init__(
            [pattern],
            columns,
            by=by,
            carry=carry,
            limits=limits,
            timeouts=True,
            in_order=in_order,
        )
        # Every event is read, also those that can move nothing: they are told why.
        self.bound = [replace(bound, begins=0, every_event=True) for bound in self.bound]
        self.moments: dict[Key, list[Moment]] = {}

    def new_runs(self, number: int) -> Runs:
        """Runs that are watched."""
        return TracedRuns(self.bound[number].program, self._limits[number], in_order=self._in_order)

    def keep(self, number: int, key: Key, runs: Runs) -> None:
        """Remember what happened, and the runs."""
        if isinstance(runs, TracedRuns) and runs.moments:
            self.moments.setdefault(key, []).extend(runs.moments)
            runs.moments.clear()
        super().keep(number, key, runs)

    def unfinished(self) -> dict[Key, list[Unfinished]]:
        """The runs alive, by key."""
        names = Obstacles(self.bound[0].program.nfa)
        return {
            key: [
                Unfinished(
                    run.id,
                    tuple((position.step, seq) for seq, position in run.taken),
                    names.awaited(run.state),
                )
                for runs in of_key.values()
                if isinstance(runs, TracedRuns)
                for run in runs.watched
            ]
            for key, of_key in self.live.items()
        }


def explain(
    pattern: Pattern,
    columns: Columns,
    events: pl.DataFrame,
    *,
    by: Sequence[str] = (),
    limits: Limits | None = None,
    in_order: bool = True,
) -> Explained:
    """Run a pattern over events and tell what became of every run.

    After the last event time goes on until every window is over.

    Args:
        pattern: what to look for.
        columns: columns of the events and their types.
        events: they, in the order in which they are processed; with the column `TIME`.
        by: key columns.
        limits: bounds for each key.
        in_order: whether events come in event-time order; if not, in that of arrival.

    Raises:
        PatternError: a condition cannot be compiled.
        SkipError: a strict skip strategy has nowhere to go.
    """
    carry = [name for name in columns if name in events.columns]
    matcher = TracedMatcher(pattern, columns, by=by, carry=carry, limits=limits, in_order=in_order)
    predicates = matcher.bound[0].program.nfa.predicates
    parts = FailingParts(pattern, predicates, columns, matcher.layout)
    parts.read(events)
    results = [*matcher.process(events), *matcher.advance(END_OF_TIME)]
    unfinished: Mapping[Key, list[Unfinished]] = matcher.unfinished()
    stories = {
        key: Story(moments, unfinished.get(key, [])) for key, moments in matcher.moments.items()
    }
    return Explained(stories, results, events.rows(named=True), parts)

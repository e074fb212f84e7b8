"""What became of the runs of a pattern, as text for people and as plain values for programs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rich.text import Text
from rich.tree import Tree

from operators.cep.batch import Key
from operators.cep.explain import Explained, Story
from operators.cep.moments import Change, Fate, Moment, RunId
from operators.cep.reasons import Cause, Obstacle
from tidegauge.batch import END_OF_TIME, OFFSET, TIME
from tidegauge.catalogue import SOURCE
from tidegauge.records import key_text
from tidegauge.texts import visible_line

_STYLES = {Fate.MATCHES: "bold green", Fate.ENDS: "red", Fate.VOID: "red", Fate.WAITS: "dim"}
_ENDS = {
    Cause.WINDOW: "the window of the pattern is over",
    Cause.STEP_WINDOW: "the time limit of the step is over",
    Cause.SKIP: "the match before removes it (AFTER MATCH)",
    Cause.LIMIT: "given up: more is held for this key than its limits allow",
}


@dataclass(frozen=True, slots=True)
class Telling:
    """Words for what happened.

    Args:
        explained: what happened.
        by: key columns.
        several: whether events come from several sources.
    """

    explained: Explained
    by: tuple[str, ...]
    several: bool

    def trees(self) -> Iterator[Tree]:
        """A tree for each key: events, and below each what it did."""
        for key, story in self.explained.stories.items():
            named = ", ".join(f"{k}={visible_line(key_text(v))}" for k, v in self._key(key).items())
            tree = Tree(Text(named or "all events", style="bold"), guide_style="dim")
            for moment in story.moments:
                branch = tree.add(Text(self._heading(moment)))
                for change in moment.changes:
                    text = f"{self.run(change.run)} {self._words(change, moment)}"
                    branch.add(Text(text, style=_STYLES.get(change.fate, "")))
                if moment.unwatched:
                    branch.add(Text("there are more runs than are told of", style="yellow"))
            for run in story.unfinished:
                awaits = " or ".join(run.awaits)
                tree.add(Text(f"{self.run(run.run)} is unfinished: waits for {awaits}"))
            yield tree

    def plain(self) -> list[dict[str, Any]]:
        """The same for programs, a mapping for each key."""
        return [self._story(key, story) for key, story in self.explained.stories.items()]

    def matches(self) -> list[dict[str, Any]]:
        """Key and taken events of each match."""
        return [
            {"key": self._key(key), "run": self.run(change.run), "taken": self._taken(change)}
            for key, story in self.explained.stories.items()
            for moment in story.moments
            for change in moment.changes
            if change.fate is Fate.MATCHES
        ]

    def run(self, run: RunId) -> str:
        """Name of a run: its first event, and a number."""
        return f"{self._event(run.first)}.{run.number}"

    def _event(self, number: int) -> str:
        """Its line in the file; the source as well where there are several."""
        row = self.explained.rows[number]
        line = str(row[OFFSET] + 1)
        return f"{row[SOURCE]}:{line}" if self.several else line

    def _heading(self, moment: Moment) -> str:
        if moment.event is None:
            if moment.time_ns == END_OF_TIME:
                return "after the last event time goes on"
            return f"{_time(moment.time_ns)}  time goes on"
        values = ", ".join(f"{name}={_value(v)}" for name, v in self._values(moment.event).items())
        fits = f"  fits {', '.join(moment.fits)}" if moment.fits else ""
        told = f"event {self._event(moment.event)}"
        return f"{_time(self.explained.rows[moment.event][TIME])}  {told}  {values}{fits}"

    def _values(self, event: int) -> dict[str, Any]:
        row = self.explained.rows[event]
        return {name: row.get(name) for name in self.explained.parts.columns}

    def _words(self, change: Change, moment: Moment) -> str:  # noqa: PLR0911 - one for each fate
        match change.fate:
            case Fate.BEGINS:
                return f"begins as {change.step}{_waiting(change)}"
            case Fate.TAKES:
                origin = f", a fork of {self.run(change.origin)}" if change.origin else ""
                return f"takes it as {change.step}{origin}{_waiting(change)}"
            case Fate.MATCHES:
                return f"is a match: {self._listed(change)}"
            case Fate.HELD:
                return "is a match; held back, for a run that began earlier is unfinished"
            case Fate.VOID:
                return "is no match any more: another match makes it void (AFTER MATCH)"
            case Fate.ENDS if change.cause is not None:
                awaited = f"; it waited for {' or '.join(change.awaits)}" if change.awaits else ""
                return f"ends: {_ENDS[change.cause]}{awaited}"
            case Fate.ENDS:
                return f"ends: {self._reasons(change, moment)}"
        reasons = self._reasons(change, moment)
        return f"waits on for {' or '.join(change.awaits)}{f': {reasons}' if reasons else ''}"

    def _listed(self, change: Change) -> str:
        taken = self._taken(change)
        return " ".join(f"{step}[{', '.join(events)}]" for step, events in taken.items())

    def _taken(self, change: Change) -> dict[str, list[str]]:
        taken: dict[str, list[str]] = {}
        for step, number in change.taken:
            taken.setdefault(step, []).append(self._event(number))
        return taken

    def _reasons(self, change: Change, moment: Moment) -> str:
        return "; ".join(self._reason(change, moment, one) for one in change.obstacles)

    def _reason(self, change: Change, moment: Moment, obstacle: Obstacle) -> str:
        step = obstacle.step
        match obstacle.cause:
            case Cause.NEGATION:
                return f"the event is a {step}, which must not come"
            case Cause.UNTIL:
                return f"until holds: no more {step}"
            case Cause.GREEDY:
                return f"{step} leaves the event to the greedy step before it"
        failing = None
        if moment.event is not None:
            failing = self.explained.failing(change, obstacle, moment.event)
        why = "it does not fit"
        if failing is not None:
            values = ", ".join(f"{name} = {_value(v)}" for name, v in failing.values.items())
            why = f"{failing.part} does not hold{f' ({values})' if values else ''}"
        strict = obstacle.cause is Cause.CONTIGUITY
        return f"{'the next event must be' if strict else 'no'} {step}: {why}"

    def _story(self, key: Key, story: Story) -> dict[str, Any]:
        return {
            "key": self._key(key),
            "moments": [self._moment(moment) for moment in story.moments],
            "unfinished": [
                {"run": self.run(run.run), "awaits": list(run.awaits)} for run in story.unfinished
            ],
        }

    def _moment(self, moment: Moment) -> dict[str, Any]:
        at_end = moment.time_ns == END_OF_TIME
        return {
            "time_ns": None if at_end else moment.time_ns,
            "event": None if moment.event is None else self._event(moment.event),
            "fits": moment.fits,
            "more_runs": moment.unwatched,
            "changes": [self._change(change, moment) for change in moment.changes],
        }

    def _change(self, change: Change, moment: Moment) -> dict[str, Any]:
        causes = [change.cause] if change.cause else [one.cause for one in change.obstacles]
        return {
            "run": self.run(change.run),
            "fate": change.fate.value,
            "step": change.step or None,
            "origin": self.run(change.origin) if change.origin else None,
            "awaits": list(change.awaits),
            "causes": [cause.value for cause in causes],
            "taken": self._taken(change),
            "text": self._words(change, moment),
        }

    def _key(self, key: Key) -> Mapping[str, Any]:
        return dict(zip(self.by, key, strict=True))


def _waiting(change: Change) -> str:
    return f"; waits for {' or '.join(change.awaits)}" if change.awaits else ""


def _time(time_ns: int) -> str:
    seconds, rest = divmod(time_ns, 1_000_000_000)
    whole = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")
    return f"{whole}.{rest // 1_000_000:03}"


def _value(value: Any) -> str:
    if value is None:
        return "null"
    return f"{value:g}" if isinstance(value, float) else visible_line(str(value))

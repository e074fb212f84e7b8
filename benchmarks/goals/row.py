"""A row of the table: which runs it needs, and what figure it makes of their results."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.runs import Measured, ratio

Found = Mapping[tuple[str, str], Sequence[Measured]]
"""Results of each round, by the names of a topic and a run."""


@dataclass(frozen=True)
class Outcome:
    """What a row measured.

    Attributes:
        measured: the figure that the goal is about.
        raw: what it was made from.
    """

    measured: float
    raw: Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """One row of the table.

    Attributes:
        name: short name, for `--rows`.
        about: what is measured, with the unit.
        goal: the figure to be reached.
        least: whether the goal is the least that will do, and not the most.
        needs: topics and runs, by name.
        judge: makes the figure of their results.
        reference: figures of others, measured elsewhere.
    """

    name: str
    about: str
    goal: float
    least: bool
    needs: tuple[tuple[str, str], ...]
    judge: Callable[[Found], Outcome]
    reference: str = ""

    def met(self, measured: float) -> bool:
        """Whether this reaches the goal."""
        return measured >= self.goal if self.least else measured <= self.goal


def share(name: str, about: str, goal: float, topic: str, run: str, reference: str = "") -> Row:
    """Rate of a run as a share of that of the bare consumer in the same round."""
    ours, bare = (topic, run), (topic, "bare")

    def judge(found: Found) -> Outcome:
        return _ratio(found, ours, bare)

    return Row(name, about, goal, least=True, needs=(bare, ours), judge=judge, reference=reference)


def over(name: str, about: str, goal: float, ours: tuple[str, str], theirs: tuple[str, str]) -> Row:
    """Rate of a run over that of another in the same round."""
    return Row(
        name,
        about,
        goal,
        least=True,
        needs=(theirs, ours),
        judge=lambda found: _ratio(found, ours, theirs),
    )


def cpu(name: str, about: str, topic: str, run: str, reference: str) -> Row:
    """Processor time an event, of all threads of the process, in microseconds."""
    ours, bare = (topic, run), (topic, "bare")

    def judge(found: Found) -> Outcome:
        raw = {"cpu_us": _all(found[ours], "cpu_us"), "bare_cpu_us": _all(found[bare], "cpu_us")}
        return Outcome(median(raw["cpu_us"]), raw)

    return Row(name, about, 2.0, least=False, needs=(bare, ours), judge=judge, reference=reference)


def memory(name: str, about: str, goal: float, needs: tuple[tuple[str, str], ...]) -> Row:
    """Most memory that any of the runs ever held, MiB."""

    def judge(found: Found) -> Outcome:
        raw = {topic: _all(found[topic, run], "peak_mb") for topic, run in needs}
        return Outcome(max(max(peaks) for peaks in raw.values()), {"peak_mb": raw})

    return Row(name, about, goal, least=False, needs=needs, judge=judge)


def growth(name: str, about: str, goal: float, what: str, run: str, small: str, large: str) -> Row:
    """How much more a run over a larger topic takes."""

    def judge(found: Found) -> Outcome:
        few, many = (_all(found[topic, run], what) for topic in (small, large))
        return Outcome(
            median(many) / median(few), {f"{what}, {small}": few, f"{what}, {large}": many}
        )

    needs = ((small, run), (large, run))
    return Row(name, about, goal, least=False, needs=needs, judge=judge)


def stall(found: Found) -> Outcome:
    """Longest stall of any round, ms."""
    stalls = _all(found["100,000 keys", "sliding, saved every 1 s"], "stall_ms")
    return Outcome(max(stalls), {"stall_ms": stalls})


def _ratio(found: Found, ours: tuple[str, str], theirs: tuple[str, str]) -> Outcome:
    rates = [one.rate for one in found[ours]], [one.rate for one in found[theirs]]
    raw = {
        "events_per_s": round(median(rates[0])),
        "compared_with_per_s": round(median(rates[1])),
        "cpu_us": round(median(_all(found[ours], "cpu_us")), 2),
        "compared_with_cpu_us": round(median(_all(found[theirs], "cpu_us")), 2),
        "rounds": [round(a / b, 3) for a, b in zip(*rates, strict=True)],
        "window_rows": found[ours][0].rows,
    }
    return Outcome(ratio(*rates), raw)


def _all(results: Sequence[Measured], what: str) -> list[float]:
    return [round(float(getattr(one, what)), 2) for one in results]

"""One alert over its series: which rows of a frame begin, continue or end a firing."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from operators.alerts.lifecycle import Evaluation, Life, Status, Told, advance
from operators.alerts.plan import AlertPlan
from operators.alerts.silence import Gone, Silence, gone_at
from operators.keygroups.keys import Key, key_list
from tidegauge.batch import END_OF_TIME
from tidegauge.errors import UserMistake
from tidegauge.records import TIME_NS

UNSEEN_NS = END_OF_TIME
"""Of a series of which it is not known when it was evaluated last: it is told by the next tick."""
_DIGITS = 12
"""Sums of floats differ beyond so many digits with how they were split; decisions must not."""


@dataclass(frozen=True, slots=True)
class Changes:
    """Rows that have something to tell, in their order, and what; all of one length.

    `lives` are those after the evaluation, or before it where it ended them.
    """

    rows: pl.DataFrame
    keys: list[Key]
    told: list[Told]
    lives: list[Life]


class Watch:
    """Follows the series of one alert in one key group.

    Only series that are not inactive are remembered, each until it ends or is gone: until nothing
    came of it for `stale_ns` of event time. While nothing holds and nothing is active, the
    condition is evaluated on whole frames and no row is looked at by itself.

    Args:
        plan: the alert.
        snapshot: where an earlier run stopped.

    Raises:
        UserMistake: the snapshot is of an alert with other keys.
    """

    def __init__(self, plan: AlertPlan, snapshot: dict[str, Any] | None = None) -> None:
        self._plan = plan
        self._lives: dict[Key, Life] = {}
        self._silence = Silence(plan.stale_ns)
        self._gone: list[tuple[Key, Life]] = []
        self._unseen: dict[Key, Life] = {}
        if snapshot is not None:
            self._restore(snapshot)

    def evaluate(self, frame: pl.DataFrame) -> Changes | None:
        """Evaluate every row; None when there is nothing to tell.

        Rows for which `where` is not true, and corrected window results, are not evaluations. That
        a silence still lasts is none any more when it was told so long ago that its alert is stale.

        Args:
            frame: records of the window, verdicts of the anomaly, or events in event-time order;
                each series' rows in event-time order.
        """
        frame = self._evaluated(frame)
        if self._plan.moment:
            return self._moments(frame)
        tests = self._tests(frame)
        if not self._lives and not tests["_holds"].any():
            return None
        keys = key_list(frame, self._plan.by)
        looked_at, told, lives = [], [], []
        for row, (key, seen) in enumerate(zip(keys, tests.iter_rows(), strict=True)):
            before = self._lives.get(key)
            if before is not None and self._silence.is_over(before, seen[0]):
                self._gone.append((key, self._lives.pop(key)))
                before = None
            if before is None and not seen[2]:
                continue
            after, news = advance(before, Evaluation(*seen), self._plan.alert.for_)
            if after is None:
                self._lives.pop(key, None)
            else:
                self._lives[key] = after
                self._silence.expect(after)
            life = after or before
            if news and life:
                looked_at.append(row)
                told.append(news)
                lives.append(life)
        if not looked_at:
            return None
        return Changes(frame[looked_at], [keys[row] for row in looked_at], told, lives)

    def passed(self, passed_ns: int, *, rest: bool = False) -> None:
        """All evaluations up to a time were made.

        Args:
            passed_ns: the time.
            rest: of the sum of small series only, which comes later than the others; else of these.
        """
        for key, life in self._unseen.items():
            if self._lives.get(key) == life:
                self._lives[key] = life._replace(seen_ns=passed_ns)
                self._silence.expect(self._lives[key])
        self._unseen = {}
        for key, life in self._silence.over(self._lives, passed_ns):
            if self._plan.is_rest(key) == rest:
                self._gone.append((key, self._lives.pop(key)))
            else:
                self._silence.expect(life)

    def ended(self) -> Gone:
        """Series that are gone since the call before."""
        found, self._gone = self._gone, []
        return gone_at(found, self._plan.stale_ns)

    def snapshot(self) -> dict[str, Any]:
        """Everything a restart needs."""
        lives = {key: (int(status), *times) for key, (status, *times) in self._lives.items()}
        return {"by": self._plan.by, "lives": lives}

    def _restore(self, snapshot: dict[str, Any]) -> None:
        if snapshot["by"] != self._plan.by:
            raise UserMistake(
                f"saved state: alert {self._plan.name} had the keys {list(snapshot['by'])}, now it"
                f" has {list(self._plan.by)}; give it another name or start with an empty recovery"
                " directory"
            )
        for key, (status, since_ns, opened_ns, *seen) in snapshot["lives"].items():
            # Version 1 did not know when it was evaluated last.
            life = Life(Status(status), since_ns, opened_ns, *(seen or [UNSEEN_NS]))
            self._lives[key] = life
            if seen:
                self._silence.expect(life)
            else:
                self._unseen[key] = life

    def _moments(self, frame: pl.DataFrame) -> Changes | None:
        """Every row is a firing of its own, of which nothing is remembered."""
        if not frame.height:
            return None
        keys = key_list(frame, self._plan.by)
        lives = [Life(Status.FIRING, at_ns, at_ns, at_ns) for at_ns in frame[TIME_NS]]
        return Changes(frame, keys, [Told.FIRING] * frame.height, lives)

    def _evaluated(self, frame: pl.DataFrame) -> pl.DataFrame:
        if self._plan.first_results:
            frame = frame.filter(pl.col("revision") == 0)
        if self._plan.told is not None:
            lasted = pl.col(self._plan.at) - pl.col(self._plan.told)
            frame = frame.filter((lasted < self._plan.stale_ns).fill_null(value=True))
        if self._plan.where is not None:
            frame = frame.filter(self._plan.where)
        return frame

    def _tests(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The columns of an `Evaluation`, in its order."""
        plan = self._plan
        rounded = frame.with_columns(pl.col(plan.rounded).round_sig_figs(_DIGITS))
        tested = rounded.with_columns(plan.holds.alias("_holds"), plan.ends.alias("_ends"))
        at, time = pl.col(plan.at).alias("_at"), pl.col(TIME_NS).alias("_time")
        told = pl.col(plan.told) if plan.told else pl.lit(None, pl.Int64)
        # Only verdicts have it.
        again = pl.col("_repeated") if "_repeated" in frame.columns else pl.lit(value=False)
        last = told.alias("_told"), again.alias("_again")
        return tested.select(at, time, "_holds", "_ends", *last)

"""One alert over its series: which rows of a frame begin, continue or end a firing."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from operators.alerts.lifecycle import Codes, Evaluations, Lives, Mask, Status, Times, advance
from operators.alerts.plan import AlertPlan
from operators.keygroups.keys import Key, key_list
from operators.keygroups.rounds import rounds
from tidegauge.errors import UserMistake
from tidegauge.records import TIME_NS

Rows = npt.NDArray[np.intp]

_DIGITS = 12
"""Sums of floats differ beyond so many digits with how they were split; decisions must not."""


@dataclass(frozen=True, slots=True)
class Changes:
    """Rows that have something to tell, in their order; the lists and arrays are of one length."""

    rows: pl.DataFrame
    keys: list[Key]
    told: Codes
    since_ns: Times
    opened_ns: Times


class Watch:
    """Follows the series of one alert in one key group.

    Only series that are not inactive are remembered. Rows are cheap while nothing holds and nothing
    is active: the condition is evaluated on the whole frame, and that is all.

    Args:
        plan: the alert.
        snapshot: where an earlier run stopped.

    Raises:
        UserMistake: the snapshot is of an alert with other keys.
    """

    def __init__(self, plan: AlertPlan, snapshot: dict[str, Any] | None = None) -> None:
        self._plan = plan
        self._active: dict[Key, int] = {}
        self._lives = Lives.inactive(0)
        if snapshot is not None:
            self._restore(snapshot)

    def evaluate(self, frame: pl.DataFrame) -> Changes | None:
        """Evaluate every row; None when there is nothing to tell.

        Rows for which `where` is not true, and corrected window results, are not evaluations.

        Args:
            frame: records of the window, verdicts of the anomaly, or events in event-time order;
                each series' rows in event-time order.
        """
        frame = self._evaluated(frame)
        if frame.is_empty():
            return None
        tests = self._tests(frame)
        holds, ends = tests["_holds"].to_numpy(), tests["_ends"].to_numpy()
        if not self._active and not holds.any():
            return None
        keys = key_list(frame, self._plan.by)
        slots = self._slots(keys, np.flatnonzero(holds))
        rows = self._telling(slots, holds, ends)
        at_ns, time_ns = frame[self._plan.at].to_numpy(), frame[TIME_NS].to_numpy()
        told, lives = np.zeros(frame.height, np.int8), Lives.inactive(frame.height)
        for turn in rounds(slots[rows]):
            now, of = rows[turn], slots[rows[turn]]
            seen = Evaluations(at_ns[now], time_ns[now], holds[now], ends[now])
            after, told[now] = advance(self._lives.take(of), seen, self._plan.alert.for_)
            self._lives.put(of, after)
            lives.put(now, after)
        self._forget_inactive()
        telling = np.flatnonzero(told)
        if not telling.size:
            return None
        lives = lives.take(telling)
        return Changes(
            frame[telling],
            [keys[row] for row in telling],
            told[telling],
            lives.since_ns,
            lives.opened_ns,
        )

    def snapshot(self) -> dict[str, Any]:
        """Everything a restart needs."""
        everything = np.arange(len(self._active))
        lives = self._lives.take(everything)
        return {
            "by": self._plan.by,
            "keys": tuple(self._active),
            "status": lives.status,
            "since_ns": lives.since_ns,
            "opened_ns": lives.opened_ns,
        }

    def _restore(self, snapshot: dict[str, Any]) -> None:
        if snapshot["by"] != self._plan.by:
            raise UserMistake(
                f"saved state: alert {self._plan.name} had the keys {list(snapshot['by'])}, now it"
                f" has {list(self._plan.by)}; give it another name or start with an empty recovery"
                " directory"
            )
        self._active = {key: slot for slot, key in enumerate(snapshot["keys"])}
        kept = Lives(snapshot["status"], snapshot["since_ns"], snapshot["opened_ns"])
        self._lives = kept.take(np.arange(len(self._active)))

    def _evaluated(self, frame: pl.DataFrame) -> pl.DataFrame:
        if self._plan.first_results:
            frame = frame.filter(pl.col("revision") == 0)
        if self._plan.where is not None:
            frame = frame.filter(self._plan.where)
        return frame

    def _tests(self, frame: pl.DataFrame) -> pl.DataFrame:
        plan = self._plan
        rounded = frame.with_columns(pl.col(plan.rounded).round_sig_figs(_DIGITS))
        return rounded.with_columns(plan.holds.alias("_holds"), plan.ends.alias("_ends"))

    def _slots(self, keys: list[Key], beginning: Iterable[int]) -> Rows:
        """Slot of each row's series; -1 for those that are inactive and stay it."""
        known = self._active
        before = len(known)
        for row in beginning:
            known.setdefault(keys[row], len(known))
        fresh = Lives.inactive(len(known) - before)
        self._lives = Lives(
            np.concatenate([self._lives.status, fresh.status]),
            np.concatenate([self._lives.since_ns, fresh.since_ns]),
            np.concatenate([self._lives.opened_ns, fresh.opened_ns]),
        )
        return np.fromiter((known.get(key, -1) for key in keys), np.intp, len(keys))

    def _telling(self, slots: Rows, holds: Mask, ends: Mask) -> Rows:
        """Rows that can change or tell something: not those that find a series surely inactive."""
        rows = np.flatnonzero(slots >= 0)
        ordered = rows[np.argsort(slots[rows], kind="stable")]
        of, quiet = slots[ordered], ~holds[ordered] & ends[ordered]
        first = np.diff(of, prepend=-1) != 0
        surely_inactive = np.where(
            first, self._lives.status[of] == Status.INACTIVE, np.roll(quiet, 1)
        )
        return np.sort(ordered[holds[ordered] | ~surely_inactive])

    def _forget_inactive(self) -> None:
        left = np.flatnonzero(self._lives.status != Status.INACTIVE)
        if left.size < len(self._active):
            keys = tuple(self._active)
            self._active = {keys[slot]: number for number, slot in enumerate(left)}
            self._lives = self._lives.take(left)

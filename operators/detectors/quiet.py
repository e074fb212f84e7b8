"""Silence as a run of evidence: cells of a series that are quiet one after another."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import log10

import numpy as np

from operators.detectors.contract import Floats, Mask, Memory, Slots, Times

USUAL_RATE = 0.01
SLOT_NS = 900 * 1_000_000_000
DAY, WEEK = 96, 672
"""Quarters of an hour."""
FIRST = 3 * DAY
"""1 January 1970 was a Thursday."""
SHARES = 255.0
"""Shares of quiet cells are kept as so many parts."""
VISITS = 8
"""Weeks, or days, that the share of a quarter of an hour rests on."""
COARSE_S = 150.0
"""Where cells are farther apart, the four quarters of an hour are taken together."""
OFTEN = 0.5
"""Share of quiet cells at which a time is not busy any more."""
ALWAYS = 0.95
"""Share of quiet cells from which on a quiet one is usual by itself, once that is known."""
KNOWN = 2
"""Weeks that must have shown it."""
YOUNG = 10.0
"""Quiet cells in a row up to which a run is young."""
LONG = 100.0
"""Longer runs count as this where it is learned how runs go on."""
HIGH = 1.0
"""Decades of evidence from which on the ends of runs are learned."""
MEAN_OVER = 0.4342944819032518
"""Mean of what exceeds any evidence where chances are what they say: 1 / ln 10."""
REMEMBERED = 2.0
"""What exceeds `HIGH` by more counts as this, so that one outage does not deafen a series."""
PRIOR_RUNS = 5.0
MOST = 12.0
"""Decades that are enough for everything."""
FADES = 20_000.0
"""Cells at which all counts are halved."""
ITS_SHARE = 1.0
"""Decades by which a run must be rarer than what is asked for: it may raise a tenth of the alarms,
so that those of the residuals and its own together are hardly more."""
LASTING = 2.0
"""How a run is marked that was told as an anomaly and lasts until it ends; 1 if told otherwise: by
an alarm at a time that is quiet more often than not, or of what is of no interest."""
COUNTS = (
    "seen",
    "busy",
    "begun",
    "went_on",
    "ended",
    "lasted",
    "gave_in",
    "stayed",
    "left",
    "high",
    "over",
)
NUMBERS = (
    *COUNTS,
    "share",
    "here",
    "cells",
    "quiet_cells",
    "run",
    "evidence",
    "told",
    "usual",
    "loud",
)
MOMENTS = ("slot", "since_ns")
COURSES = ("week", "week_visits", "day", "day_visits")

Arrays = Mapping[str, Floats]


@dataclass(frozen=True, slots=True)
class Look:
    """What is known of points before they are learned from; arrays of one length.

    Attributes:
        slot: quarter of an hour since the epoch.
        here: share of its cells that are usually quiet.
        low: whether the point is quiet.
        evidence: decades of its run, this point included; 0 where it is not quiet.
        decades: of the chance that a point begins such a run, at most 0; 0 for a run that was told.
        expected: what is usual here.
        lasts: whether it goes on with a run that was told as an anomaly.
        since_ns: time of the last point of the series that was not quiet; 0 for none.
    """

    slot: Times
    here: Floats
    low: Mask
    evidence: Floats
    decades: Floats
    expected: Floats
    lasts: Mask
    since_ns: Times

    def of(self, at: Slots | Mask) -> "Look":
        """Some of the points."""
        return Look(
            self.slot[at],
            self.here[at],
            self.low[at],
            self.evidence[at],
            self.decades[at],
            self.expected[at],
            self.lasts[at],
            self.since_ns[at],
        )


class QuietRuns:
    """How rarely a series is quiet for so long at these times of the week.

        quiet    = x is 0
        q        = share of quiet cells in this quarter of an hour of the week, so far; of the
                   day where the week's was not seen yet, and of all where the day's was not
        evidence = Σ -log10 max(q, chance of another quiet cell) over the run
        chance   = max(10^-evidence, high · 10^-((evidence - 1) / steep))

    A cell is a point; where nothing comes, it is the usual time between points
    (`operators.detectors.absence`). Busy cells are those of which less than half are usually quiet.
    In them the chance of another quiet cell is how often a run has begun; of a young run, how often
    young ones went on; of one of 10 cells and more, how often such went on. Where it is quiet more
    often than not, it is how often that went on. Each is (times + ½) / (chances + 1), the posterior
    mean of Jeffreys' prior, so few data are honest: what was never seen in n cells is not rarer
    than 1 / 2n, and who was never silent for two cells is as likely as not to be silent for
    another.

    What cells of one run have in common beyond that is learned from how far the evidence of ended
    runs went: `high` is the share of cells that began a run of more than one decade and `steep` by
    how much its mean excess is above that of an exponential tail.

    So a night that is quiet each night is no evidence, and an hour of a busy morning is. A run is
    told once, when its chance is a tenth of what is asked for. Quarters of an hour are those of
    UTC.

    State: 22 numbers and 1,536 bytes.

    Sources: P. Bourke, "Detecting a shift in fraction nonconforming using run-length control charts
    with 100% inspection", Journal of Quality Technology 23 (1991), for the run as the statistic;
    H. Jeffreys, "Theory of probability" (1939); J. Pickands, "Statistical inference using extreme
    order statistics", Annals of Statistics 3 (1975), for the tail.
    """

    @staticmethod
    def memory() -> Mapping[str, Memory]:
        """Counts of cells and runs, the run that is under way, and the courses of day and week."""
        return {
            **{name: Memory((), np.float64, 0.0) for name in NUMBERS},
            "slot": Memory((), np.int64, -1),
            "since_ns": Memory((), np.int64, 0),
            "week": Memory((WEEK,), np.uint8, 0),
            "week_visits": Memory((WEEK,), np.uint8, 0),
            "day": Memory((DAY,), np.uint8, 0),
            "day_visits": Memory((DAY,), np.uint8, 0),
        }

    def look(self, arrays: Arrays, slots: Slots, x: Floats, t_ns: Times, gap_s: Floats) -> Look:
        """What points say before they are learned from; changes nothing.

        Args:
            arrays: the state.
            slots: series of each point.
            x: finite points.
            t_ns: their times.
            gap_s: usual time between the points of their series, in seconds.
        """
        slot, here = t_ns // SLOT_NS, arrays["here"][slots]
        new = np.flatnonzero(slot != arrays["slot"][slots])
        if new.size:
            here[new] = _shares(arrays, slots[new], slot[new], gap_s[new] > COARSE_S)
        usual = arrays["usual"][slots]
        low = x == 0.0
        evidence, decades = np.zeros((2, slots.size))
        at = np.flatnonzero(low)
        if at.size:
            evidence[at] = _evidence(arrays, slots[at], here[at])
            decades[at] = _decades(arrays, slots[at], evidence[at])
        lasts = low & (arrays["told"][slots] == LASTING)
        since_ns = arrays["since_ns"][slots].astype(np.int64)
        return Look(slot, here, low, evidence, decades, usual * (1.0 - here), lasts, since_ns)

    @staticmethod
    def is_usual(arrays: Arrays, slots: Slots, look: Look) -> Mask:
        """Whether each point is quiet where at least two weeks were, nearly always."""
        usual = look.low & (look.here >= ALWAYS)
        at = np.flatnonzero(usual)
        if at.size:
            weeks = arrays["week_visits"][slots[at], (look.slot[at] + FIRST) % WEEK]
            usual[at] = weeks >= KNOWN
        return usual

    def learn(
        self, arrays: Arrays, slots: Slots, x: Floats, t_ns: Times, look: Look, told: Floats
    ) -> None:
        """Learn from points.

        Args:
            arrays: the state.
            slots: series of each point.
            x: finite points.
            t_ns: their times.
            look: what `look` said of them.
            told: whether each is an anomaly, for whatever reason: 0, 1 or `LASTING`.
        """
        self._enter(arrays, slots, look)
        loud = ~look.low
        self._go_on(arrays, slots[look.low], look.of(look.low), told[look.low])
        self._end(arrays, slots[loud], x[loud], look.here[loud])
        arrays["since_ns"][slots[loud]] = t_ns[loud]
        arrays["cells"][slots] += 1.0
        seen = arrays["seen"][slots] + 1.0
        arrays["seen"][slots] = seen
        share = arrays["share"][slots]
        arrays["share"][slots] = share + (np.where(look.low, 1.0, 0.0) - share) / seen
        old = slots[seen >= FADES]
        for name in COUNTS if old.size else ():
            arrays[name][old] *= 0.5

    @staticmethod
    def _enter(arrays: Arrays, slots: Slots, look: Look) -> None:
        """Learn from the quarters of an hour that are over."""
        before = arrays["slot"][slots]
        new = slots[look.slot != before]
        if not new.size:
            return
        left, cells = arrays["slot"][new], arrays["cells"][new]
        full = cells > 0.0
        share = arrays["quiet_cells"][new[full]] / cells[full]
        for name, at in (("week", (left + FIRST) % WEEK), ("day", left % DAY)):
            place = new[full], at[full]
            more = arrays[f"{name}_visits"][place].astype(np.float64) + 1.0
            held = arrays[name][place].astype(np.float64)
            arrays[name][place] = held + np.rint((SHARES * share - held) / more)
            arrays[f"{name}_visits"][place] = np.minimum(more, VISITS - 1.0)
        arrays["slot"][slots] = look.slot
        arrays["here"][slots] = look.here
        arrays["cells"][new] = arrays["quiet_cells"][new] = 0.0

    @staticmethod
    def _go_on(arrays: Arrays, slots: Slots, look: Look, told: Floats) -> None:
        busy, run = look.here < OFTEN, arrays["run"][slots]
        begins = busy & (run == 0.0)
        young = busy & (run > 0.0) & (run < YOUNG)
        old = busy & (run >= YOUNG) & (run < LONG)
        for name, at in (("busy", begins), ("begun", begins), ("went_on", young), ("lasted", old)):
            arrays[name][slots[at]] += 1.0
        arrays["run"][slots[begins | young | old]] += 1.0
        arrays["stayed"][slots[~busy & (arrays["evidence"][slots] > 0.0)]] += 1.0
        arrays["quiet_cells"][slots] += 1.0
        arrays["evidence"][slots] = look.evidence
        told = np.where(look.evidence > 0.0, told, 0.0)
        arrays["told"][slots] = np.maximum(arrays["told"][slots], told)

    @staticmethod
    def _end(arrays: Arrays, slots: Slots, x: Floats, here: Floats) -> None:
        loud = arrays["loud"][slots] + 1.0
        usual = arrays["usual"][slots]
        rate = np.maximum(USUAL_RATE, 1.0 / loud)
        arrays["usual"][slots] = usual + rate * (np.abs(x) - usual)
        arrays["loud"][slots] = loud
        arrays["busy"][slots[here < OFTEN]] += 1.0
        runs = arrays["evidence"][slots] > 0.0
        arrays["left"][slots[runs & (here >= OFTEN)]] += 1.0
        ended = slots[runs]
        if ended.size:
            run, evidence = arrays["run"][ended], arrays["evidence"][ended]
            arrays["ended"][ended[(run > 0.0) & (run < YOUNG)]] += 1.0
            arrays["gave_in"][ended[(run >= YOUNG) & (run < LONG)]] += 1.0
            high = evidence > HIGH
            arrays["high"][ended[high]] += 1.0
            arrays["over"][ended[high]] += np.minimum(evidence[high] - HIGH, REMEMBERED)
            arrays["run"][ended] = arrays["evidence"][ended] = arrays["told"][ended] = 0.0


def _shares(arrays: Arrays, slots: Slots, slot: Times, coarse: Mask) -> Floats:
    """Share of quiet cells in quarters of an hour, or in hours where cells are far apart."""
    shares = np.empty(slots.size)
    for at, width in ((np.flatnonzero(~coarse), 1), (np.flatnonzero(coarse), 4)):
        if at.size:
            first = slot[at] - slot[at] % width
            week = _mean(arrays, "week", slots[at], (first + FIRST) % WEEK, width)
            day = _mean(arrays, "day", slots[at], first % DAY, width)
            known = np.where(np.isnan(week), day, week)
            shares[at] = np.where(np.isnan(known), arrays["share"][slots[at]], known)
    return shares


def _mean(arrays: Arrays, name: str, slots: Slots, first: Times, width: int) -> Floats:
    """Mean share from a place of a course on; NaN where it was never seen."""
    at = slots[:, None], first[:, None] + np.arange(width)
    visits = arrays[f"{name}_visits"][at].astype(np.float64)
    held = (arrays[name][at].astype(np.float64) * visits).sum(axis=1)
    seen = visits.sum(axis=1)
    mean: Floats = np.where(seen > 0.0, held / (SHARES * np.maximum(seen, 1.0)), np.nan)
    return mean


def _evidence(arrays: Arrays, slots: Slots, here: Floats) -> Floats:
    before, run = arrays["evidence"][slots], arrays["run"][slots]
    begins = (arrays["begun"][slots] + 0.5) / (arrays["busy"][slots] + 1.0)
    stays = _goes_on(arrays, slots, "stayed", "left")
    begins = np.where(before > 0.0, np.maximum(begins, stays), begins)
    young = _goes_on(arrays, slots, "went_on", "ended")
    old = _goes_on(arrays, slots, "lasted", "gave_in")
    chance = np.where(run == 0.0, begins, np.where(run < YOUNG, young, old))
    chance = np.maximum(here, chance)
    added = np.array([-log10(each) for each in chance.tolist()], np.float64)
    evidence: Floats = np.minimum(before + added, MOST)
    return evidence


def _goes_on(arrays: Arrays, slots: Slots, on: str, off: str) -> Floats:
    went_on = arrays[on][slots]
    share: Floats = (went_on + 0.5) / (went_on + arrays[off][slots] + 1.0)
    return share


def _decades(arrays: Arrays, slots: Slots, evidence: Floats) -> Floats:
    high = arrays["high"][slots]
    over = arrays["over"][slots] + PRIOR_RUNS * MEAN_OVER
    steep = np.maximum(over / (high + PRIOR_RUNS) / MEAN_OVER, 1.0)
    often = (high + 1.0) / (arrays["seen"][slots] + 10.0)
    often = np.array([log10(each) for each in often.tolist()], np.float64)
    decades: Floats = np.maximum(often - (evidence - HIGH) / steep, -evidence)
    return np.where(arrays["told"][slots] > 0.0, 0.0, decades)

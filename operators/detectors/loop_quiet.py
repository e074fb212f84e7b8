"""`QuietRuns` of one series in plain floats.

Operation by operation that of the arrays: see `operators.detectors.quiet`.
"""

# ruff: noqa: FURB136  # a call of max costs more than the arithmetic around it

from math import log10
from typing import Any

from operators.detectors import quiet

# Names of this module are found sooner than those of others.
_USUAL_RATE = quiet.USUAL_RATE
_SLOT_NS = quiet.SLOT_NS
_DAY, _WEEK, _FIRST = quiet.DAY, quiet.WEEK, quiet.FIRST
_COARSE_S = quiet.COARSE_S
_OFTEN = quiet.OFTEN
_YOUNG = quiet.YOUNG
_LONG = quiet.LONG
_HIGH = quiet.HIGH
_REMEMBERED = quiet.REMEMBERED
_MOST = quiet.MOST
_FADES = quiet.FADES
Parts = list[int] | memoryview
_HELD = (*quiet.NUMBERS, *quiet.COURSES, *quiet.MOMENTS)


class Quiet:
    """Cells of one series, quiet or not.

    Args:
        state: arrays of the series.
        prefix: before the names of these in it.
    """

    seen: float
    busy: float
    begun: float
    went_on: float
    ended: float
    lasted: float
    gave_in: float
    stayed: float
    left: float
    high: float
    over: float
    share: float
    here: float
    cells: float
    quiet_cells: float
    run: float
    evidence: float
    told: float
    usual: float
    loud: float
    slot: int
    since_ns: int
    week: Parts
    week_visits: Parts
    day: Parts
    day_visits: Parts

    def __init__(self, state: dict[str, Any], prefix: str = "quiet.") -> None:
        self._prefix = prefix
        for name in _HELD:
            setattr(self, name, state[f"{prefix}{name}"])

    def state(self) -> dict[str, Any]:
        """As the arrays hold it."""
        return {f"{self._prefix}{name}": getattr(self, name) for name in _HELD}

    def step(self, x: float, t_ns: int, gap_s: float) -> tuple[float, float]:
        """Decades of the chance of the run that a point is in, and what is usual; learns it."""
        slot = t_ns // _SLOT_NS
        if slot != self.slot:
            self.enter(slot, gap_s)
        usual, here = self.usual, self.here
        if x == 0.0:
            decades = self._go_on(here)
            self.count(1.0, 1.0)
            return decades, usual * (1.0 - here)
        self.loud += 1.0
        self.since_ns = t_ns
        rate = 1.0 / self.loud
        self.usual = usual + (_USUAL_RATE if rate < _USUAL_RATE else rate) * (abs(x) - usual)
        self.end(here)
        self.count(1.0, 0.0)
        return 0.0, usual * (1.0 - here)

    def weeks(self, t_ns: int) -> int:
        """Weeks in which this quarter of an hour was seen."""
        return self.week_visits[(t_ns // _SLOT_NS + _FIRST) % _WEEK]

    def enter(self, slot: int, gap_s: float) -> None:
        """Recall what is usual in a quarter of an hour, and learn from the one before."""
        self.here = self.recalled(slot, gap_s)
        if self.cells > 0.0:
            share = self.quiet_cells / self.cells
            _learn(self.week, self.week_visits, (self.slot + _FIRST) % _WEEK, share)
            _learn(self.day, self.day_visits, self.slot % _DAY, share)
        self.slot, self.cells, self.quiet_cells = slot, 0.0, 0.0

    def _go_on(self, here: float) -> float:
        before = self.evidence
        self.evidence = self.with_cells(before, self.run, here, 1.0)
        self.lengthen(here, 1.0, again=before > 0.0)
        return 0.0 if self.told else self.decades(self.evidence)

    def lengthen(self, here: float, cells: float, *, again: bool) -> None:
        """Learn that a run has begun, or goes on (`again`), for so many cells."""
        if here >= _OFTEN:
            self.stayed += cells if again else cells - 1.0
            return
        if not self.run:
            self.begun += 1.0
            self.busy += 1.0
            self.run = 1.0
            cells -= 1.0
        young = max(min(cells, _YOUNG - self.run), 0.0)
        self.went_on += young
        self.run += young
        old = min(cells - young, _LONG - self.run)
        self.lasted += old
        self.run += old

    def end(self, here: float) -> None:
        """Learn that a cell is not quiet, and from the run that is over."""
        if here < _OFTEN:
            self.busy += 1.0
        if not self.evidence > 0.0:
            return
        if here >= _OFTEN:
            self.left += 1.0
        if 0.0 < self.run < _YOUNG:
            self.ended += 1.0
        elif _YOUNG <= self.run < _LONG:
            self.gave_in += 1.0
        if self.evidence > _HIGH:
            over = self.evidence - _HIGH
            self.high += 1.0
            self.over += over if over < _REMEMBERED else _REMEMBERED
        self.run = self.evidence = self.told = 0.0

    def count(self, cells: float, low: float) -> None:
        """Count cells that are alike: quiet ones (1) or others (0)."""
        self.cells += cells
        self.quiet_cells += cells * low
        self.seen += cells
        self.share += (low - self.share) * cells / self.seen
        if self.seen >= _FADES:
            for name in quiet.COUNTS:
                setattr(self, name, getattr(self, name) * 0.5)

    def recalled(self, slot: int, gap_s: float) -> float:
        """Share of quiet cells in a quarter of an hour, of cells so far apart."""
        return self.quiet_share(slot, 4 if gap_s > _COARSE_S else 1)

    def quiet_share(self, slot: int, width: int) -> float:
        """Share of quiet cells in a quarter of an hour, or in the hour around it."""
        first = slot - slot % width
        for shares, visits, at in (
            (self.week, self.week_visits, (first + _FIRST) % _WEEK),
            (self.day, self.day_visits, first % _DAY),
        ):
            seen = sum(visits[at : at + width])
            if seen:
                held = zip(shares[at : at + width], visits[at : at + width], strict=True)
                return sum(share * often for share, often in held) / (quiet.SHARES * seen)
        return self.share

    def with_cells(self, evidence: float, run: float, here: float, cells: float) -> float:
        """Evidence of a run with so many quiet cells more, at a time that is usually so quiet."""
        if not run:
            begins = (self.begun + 0.5) / (self.busy + 1.0)
            if evidence > 0.0:
                stays = _goes_on(self.stayed, self.left)
                begins = stays if stays > begins else begins
            evidence -= log10(here if here > begins else begins)
            cells -= 1.0
            if here >= _OFTEN:
                stays = _goes_on(self.stayed, self.left)
                return min(evidence - cells * log10(max(here, stays)), _MOST)
            run = 1.0
        young = max(min(cells, _YOUNG - run), 0.0)
        if young:
            goes_on = _goes_on(self.went_on, self.ended)
            evidence -= young * log10(here if here > goes_on else goes_on)
        if cells > young:
            goes_on = _goes_on(self.lasted, self.gave_in)
            evidence -= (cells - young) * log10(here if here > goes_on else goes_on)
        return evidence if evidence < _MOST else _MOST

    def decades(self, evidence: float) -> float:
        """Decades of the chance that a cell begins a run with so much evidence, at most 0."""
        over = self.over + quiet.PRIOR_RUNS * quiet.MEAN_OVER
        steep = over / (self.high + quiet.PRIOR_RUNS) / quiet.MEAN_OVER
        often = log10((self.high + 1.0) / (self.seen + 10.0))
        tail = often - (evidence - _HIGH) / (steep if steep > 1.0 else 1.0)
        return tail if tail > -evidence else -evidence


def _goes_on(went_on: float, ended: float) -> float:
    return (went_on + 0.5) / (went_on + ended + 1.0)


def _learn(shares: Parts, visits: Parts, at: int, share: float) -> None:
    more = visits[at] + 1
    shares[at] += round((quiet.SHARES * share - shares[at]) / more)
    visits[at] = more if more < quiet.VISITS else quiet.VISITS - 1

"""What a flow must store and send, computed from the story with pandas.

Only the anomalies are found with the detector of the project; what it does is tested elsewhere.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from operators.detectors.contract import Floats, Times
from operators.detectors.robust_z import RobustZ, RobustZConfig
from tests.dataflows.shop.events import Fate, Story
from tests.dataflows.shop.poison import Event

COLUMNS = ("ts", "shop", "till", "amount", "quantity", "gift", "status")
FAILING_ABOVE, FINE_BELOW, HELD_MS = 0.3, 0.2, 20_000
"""Of the alert `failing`."""


@dataclass(frozen=True)
class Truth:
    """Window rows: a frame each with `window`, key columns, `start`, `end` and all fields.

    Attributes:
        first: of on-time events alone.
        final: with the corrections.
        corrected: those of the final ones that corrections are in.
    """

    first: pd.DataFrame
    final: pd.DataFrame
    corrected: pd.DataFrame


def truth_of(story: Story) -> Truth:
    """The rows that a story must give."""
    first = window_rows(event for fate, event in story.events if fate is Fate.ON_TIME)
    final = window_rows(event for _, event in story.events)
    late = window_rows(event for fate, event in story.events if fate is Fate.CORRECTION)
    identity = ["window", "shop", "till", "start"]
    touched = pd.MultiIndex.from_frame(late[identity])
    corrected = final[pd.MultiIndex.from_frame(final[identity]).isin(touched)]
    return Truth(first, final, corrected)


def window_rows(events: Iterable[Event]) -> pd.DataFrame:
    """Rows of all windows over these events."""
    frame = pd.DataFrame([[event.get(name) for name in COLUMNS] for event in events])
    frame.columns = pd.Index(COLUMNS)
    for name in ("till", "quantity"):
        frame[name] = frame[name].astype("Int64")
    frame["amount"] = frame["amount"].astype("float64")
    frame["gift"] = frame["gift"].astype("boolean").astype("Float64")
    frame["failed"] = (frame["status"] == "fail").astype("float64")
    frame["net"] = frame["amount"] * frame["quantity"].astype("Float64").astype("float64")
    rows = [_per_shop(frame), _per_till(frame), _overall(frame), _refunds(frame)]
    return pd.concat(rows, ignore_index=True)


def critical_alerts(first: pd.DataFrame) -> set[tuple[str | None, str, int]]:
    """Shop, state and time in ms of all that the alert `failing` must announce."""
    announced: set[tuple[str | None, str, int]] = set()
    rows = first[first["window"] == "per_shop"].sort_values("end")
    for shop, series in rows.groupby("shop", dropna=False):
        for state, end in _announced(zip(series["end"], series["failure_rate"], strict=True)):
            announced.add((_text(shop), state, end))
    return announced


def _announced(series: Iterable[tuple[int, float]]) -> Iterator[tuple[str, int]]:
    since: int | None = None
    firing = False
    for end, rate in series:
        if firing:
            if rate < FINE_BELOW:
                yield "resolved", end
                firing, since = False, None
        elif rate > FAILING_ABOVE:
            since = end if since is None else since
            if end - since >= HELD_MS:
                yield "firing", end
                firing = True
        else:
            since = None


def anomalies(first: pd.DataFrame) -> set[tuple[str | None, int | None, int]]:
    """Shop, till and time in ms of what the detector finds, given each series on its own."""
    found: set[tuple[str | None, int | None, int]] = set()
    rows = first[(first["window"] == "per_till") & first["total"].notna()].sort_values("end")
    for (shop, till), series in rows.groupby(["shop", "till"], dropna=False):
        for end in _odd(series["end"].to_numpy(), series["total"].to_numpy()):
            found.add((_text(shop), _whole(till), int(end)))
    return found


def _odd(ends: Times, values: Floats) -> Iterator[int]:
    detector = RobustZ(RobustZConfig(threshold=4, warm_up=10, history=60))
    detector.grow(1)
    for end, value in zip(ends, values, strict=True):
        point = np.array([0]), np.array([value]), np.array([end])
        verdicts = detector.score(*point)
        detector.learn(*point, verdicts)
        if verdicts.anomalous[0]:
            yield int(end)


def _text(key: Any) -> str | None:
    return None if pd.isna(key) else str(key)


def _whole(key: Any) -> int | None:
    return None if pd.isna(key) else int(key)


def _grouped(frame: pd.DataFrame, by: list[str], size_ms: int, every_ms: int) -> Any:
    """Events by key and start of each window that they are in, as pandas groups."""
    last = frame["ts"] // every_ms * every_ms
    copies = [frame.assign(start=last - back_ms) for back_ms in range(0, size_ms, every_ms)]
    return pd.concat(copies).groupby([*by, "start"], dropna=False)


def _rows(window: str, size_ms: int, fields: dict[str, pd.Series]) -> pd.DataFrame:
    rows = pd.DataFrame(fields).reset_index()
    return rows.assign(window=window, end=rows["start"] + size_ms)


def _per_shop(frame: pd.DataFrame) -> pd.DataFrame:
    groups = _grouped(frame, ["shop"], 60_000, 10_000)
    amount = groups["amount"]
    fields = {
        "count": groups.size(),
        "amounts": amount.count(),
        "amount_sum": amount.sum(min_count=1),
        "amount_avg": amount.mean(),
        "amount_min": amount.min(),
        "amount_max": amount.max(),
        "amount_std": amount.std(),
        "amount_std_pop": amount.std(ddof=0),
        "failure_rate": groups["failed"].mean(),
        "net_sum": groups["net"].sum(min_count=1),
        "per_sale": amount.sum(min_count=1) / groups.size(),
    }
    return _rows("per_shop", 60_000, fields)


def _per_till(frame: pd.DataFrame) -> pd.DataFrame:
    groups = _grouped(frame, ["shop", "till"], 10_000, 10_000)
    fields = {
        "n": groups.size(),
        "total": groups["amount"].sum(min_count=1),
        "spread": groups["amount"].std(),
        "items": groups["quantity"].sum(min_count=1),
        "most_items": groups["quantity"].max(),
        "gifts": groups["gift"].mean(),
    }
    return _rows("per_till", 10_000, fields)


def _overall(frame: pd.DataFrame) -> pd.DataFrame:
    groups = _grouped(frame, [], 30_000, 30_000)
    fields = {
        "n": groups.size(),
        "total": groups["amount"].sum(min_count=1),
        "spread": groups["amount"].std(),
    }
    return _rows("overall", 30_000, fields)


def _refunds(frame: pd.DataFrame) -> pd.DataFrame:
    groups = _grouped(frame[frame["amount"] < 0], ["shop"], 20_000, 20_000)
    fields = {
        "n": groups.size(),
        "total": groups["amount"].sum(min_count=1),
        "largest": groups["amount"].min(),
    }
    return _rows("refunds", 20_000, fields)

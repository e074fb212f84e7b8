"""The memory of processes over time."""

import time
from dataclasses import dataclass, field

import numpy as np
import psutil

_MB = 10**6
_HOUR_S = 3_600.0
_POINTS = 600
"""Of more samples, averages are compared."""


@dataclass
class Memory:
    """Resident memory of a process that may be started anew."""

    times_s: list[float] = field(default_factory=list)
    sizes_mb: list[float] = field(default_factory=list)

    def sample(self, pid: int) -> None:
        """Note the memory of a process and its children, if it is there."""
        try:
            process = psutil.Process(pid)
            every = [process, *process.children(recursive=True)]
            size = sum(each.memory_info().rss for each in every)
        except psutil.Error:
            return
        self.times_s.append(time.monotonic())
        self.sizes_mb.append(size / _MB)

    @property
    def peak_mb(self) -> float:
        """The most."""
        return max(self.sizes_mb, default=0.0)

    @property
    def slope_mb_h(self) -> float:
        """How much more each hour, over the second half."""
        half = len(self.times_s) // 2
        return slope(np.array(self.times_s[half:]), np.array(self.sizes_mb[half:])) * _HOUR_S


def slope(times: np.ndarray, values: np.ndarray) -> float:
    """The median of the slopes of all pairs of points (Theil-Sen), which outliers do not move.

    >>> slope(np.array([0.0, 1.0, 2.0, 3.0, 4.0]), np.array([5.0, 7.0, 900.0, 11.0, 13.0]))
    2.0
    """
    if times.size > _POINTS:
        parts = np.array_split(np.arange(times.size), _POINTS)
        times = np.array([times[part].mean() for part in parts])
        values = np.array([values[part].mean() for part in parts])
    one, other = np.triu_indices(times.size, 1)
    apart = times[other] - times[one]
    if not apart.any():
        return 0.0
    return float(np.median((values[other] - values[one])[apart > 0] / apart[apart > 0]))

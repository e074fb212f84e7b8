"""The detectors that a pipeline file can name, and which keys each has."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

DetectorName = Literal[
    "ensemble",
    "ewma",
    "seasonal",
    "periodic",
    "forecast_band",
    "change_point",
    "flat_line",
    "rare_category",
    "multivariate",
    "peers",
    "robust_z",
]
DEFAULT: DetectorName = "ensemble"
"""The one that needs no tuning."""

_RARITY = ("false_alarms", "warm_up", "direction", "min_deviation")
SETTINGS: Mapping[DetectorName, tuple[str, ...]] = MappingProxyType(
    {
        "ensemble": _RARITY,
        "ewma": _RARITY,
        "seasonal": _RARITY,
        "periodic": _RARITY,
        "forecast_band": _RARITY,
        "change_point": _RARITY,
        "flat_line": ("false_alarms", "warm_up"),
        "rare_category": ("false_alarms", "warm_up"),
        "multivariate": ("false_alarms", "warm_up", "min_deviation"),
        "peers": ("group", *_RARITY),
        "robust_z": ("threshold", "warm_up", "history", "direction", "min_deviation"),
    }
)
"""The keys of an anomaly that each detector has, besides those that say what it is on."""

DISTANCES = frozenset({"threshold", "history"})
"""Keys of `robust_z` alone: an anomaly with one of them that names no detector is judged by it."""
RARITY_WARM_UP, LEAST_WARM_UP = 50, 20
"""Points before a series is judged by a detector of rarities: unless said, and at least."""
DISTANCE_WARM_UP = 20
"""The same for `robust_z`, unless said."""

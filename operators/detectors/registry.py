"""The detectors by name: those that a pipeline file can name, and the whole family."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from operators.detectors.change_point import ChangePoint
from operators.detectors.contract import Detector
from operators.detectors.ensemble import Ensemble
from operators.detectors.ewma import Ewma
from operators.detectors.flat_line import FlatLine
from operators.detectors.forecast_band import ForecastBand
from operators.detectors.periodic import Periodic
from operators.detectors.rare_category import RareCategory
from operators.detectors.rarity import RarityConfig, RarityDetector
from operators.detectors.robust_z import RobustZ, RobustZConfig
from operators.detectors.seasonal import Seasonal
from tidegauge.spec.models import Anomaly


def _robust_z(anomaly: Anomaly) -> Detector:
    config = RobustZConfig(
        threshold=anomaly.threshold,
        warm_up=anomaly.warm_up,
        history=anomaly.history,
        direction=anomaly.direction,
        min_deviation=anomaly.min_deviation,
    )
    return RobustZ(config)


DETECTORS: Mapping[str, Callable[[Anomaly], Detector]] = MappingProxyType({RobustZ.name: _robust_z})
"""How each detector is made from what the pipeline file says of an anomaly."""


def make_detector(anomaly: Anomaly) -> Detector:
    """The detector of an anomaly of a checked pipeline file, without any series yet.

    Raises:
        ValueError: a setting is out of its range.
    """
    return DETECTORS[anomaly.detector](anomaly)


FAMILY: Mapping[str, Callable[[RarityConfig], RarityDetector]] = MappingProxyType(
    {
        detector.name: detector
        for detector in (
            Ensemble,
            Ewma,
            Seasonal,
            Periodic,
            ForecastBand,
            ChangePoint,
            FlatLine,
            RareCategory,
        )
    }
)
"""Detectors of one series each that score rarities. `Peers` and `Multivariate` need to know groups
and signals, and `RobustZ` scores distances."""

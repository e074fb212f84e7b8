"""The detectors by name, and how each is made from what a pipeline file says."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from operators.detectors.change_point import ChangePoint
from operators.detectors.contract import Detector
from operators.detectors.ensemble import Ensemble
from operators.detectors.ewma import Ewma
from operators.detectors.flat_line import FlatLine
from operators.detectors.forecast_band import ForecastBand
from operators.detectors.multivariate import Multivariate
from operators.detectors.peers import Groups, Peers
from operators.detectors.periodic import Periodic
from operators.detectors.rare_category import RareCategory
from operators.detectors.rarity import RarityConfig, RarityDetector
from operators.detectors.robust_z import RobustZ, RobustZConfig
from operators.detectors.seasonal import Seasonal
from tidegauge.spec.models import Anomaly

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


def make_detector(anomaly: Anomaly, group: Groups) -> Detector:
    """The detector of an anomaly of a checked pipeline file, without any series yet.

    Args:
        anomaly: what the file says.
        group: the group of each slot, for detectors that hold a series against others.

    Raises:
        ValueError: a setting is out of its range.
    """
    match anomaly.judged_by:
        case "robust_z":
            return RobustZ(_distance_config(anomaly))
        case "multivariate":
            return Multivariate(_rarity_config(anomaly), len(anomaly.fields))
        case "peers":
            return Peers(_rarity_config(anomaly), group)
        case name:
            return FAMILY[name](_rarity_config(anomaly))


def _distance_config(anomaly: Anomaly) -> RobustZConfig:
    return RobustZConfig(
        threshold=anomaly.threshold,
        warm_up=anomaly.warmed_up,
        history=anomaly.history,
        direction=anomaly.direction,
        min_deviation=anomaly.min_deviation,
    )


def _rarity_config(anomaly: Anomaly) -> RarityConfig:
    return RarityConfig(
        false_alarms_per_week=anomaly.false_alarms,
        warm_up=anomaly.warmed_up,
        direction=anomaly.direction,
        min_deviation=anomaly.min_deviation,
    )

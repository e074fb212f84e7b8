"""The detectors that a pipeline file can name."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from operators.detectors.contract import Detector
from operators.detectors.robust_z import RobustZ, RobustZConfig
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

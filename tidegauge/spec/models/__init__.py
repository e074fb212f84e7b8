"""The pipeline file as frozen models: its keys, their types and defaults.

Meaning that crosses keys (a column that exists, a window that divides) is checked in `checks`.
"""

from tidegauge.spec.models.alerts import Alert
from tidegauge.spec.models.anomalies import Anomaly
from tidegauge.spec.models.filetests import Expectation, FileTest
from tidegauge.spec.models.forecasts import Forecast, Prediction
from tidegauge.spec.models.limits import MessageLimits
from tidegauge.spec.models.outputs import Dashboard, InfluxOutput, KafkaOutput
from tidegauge.spec.models.patterns import Measure, Pattern, PatternLimits
from tidegauge.spec.models.pipeline import Pipeline
from tidegauge.spec.models.sources import (
    AddedField,
    EventTime,
    KafkaInput,
    Process,
    Source,
)
from tidegauge.spec.models.tables import Enrichment, SourceField, Table
from tidegauge.spec.models.values import (
    DURATION_PATTERN,
    MEANINGS,
    NAME_PATTERN,
    PIPELINE_PATTERN,
    SECOND_NS,
    TOPIC_PATTERN,
    EventTimeFormat,
)
from tidegauge.spec.models.windows import Window, WindowField

__all__ = [
    "DURATION_PATTERN",
    "MEANINGS",
    "NAME_PATTERN",
    "PIPELINE_PATTERN",
    "SECOND_NS",
    "TOPIC_PATTERN",
    "AddedField",
    "Alert",
    "Anomaly",
    "Dashboard",
    "Enrichment",
    "EventTime",
    "EventTimeFormat",
    "Expectation",
    "FileTest",
    "Forecast",
    "InfluxOutput",
    "KafkaInput",
    "KafkaOutput",
    "Measure",
    "MessageLimits",
    "Pattern",
    "PatternLimits",
    "Pipeline",
    "Prediction",
    "Process",
    "Source",
    "SourceField",
    "Table",
    "Window",
    "WindowField",
]
